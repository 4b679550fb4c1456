#include "runtime/text_file.hpp"

#include "providers/owned_fd.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace penstock {

// Not a stream: those of the standard library do not tell the reason, and throw
// at a directory.
expected<std::string> read_text_file(const std::string& path,
                                     std::size_t bytes_max) {
  const auto refuse = [&](const char* why) {
    return fail(errc::invalid_request, path + ": cannot be read: " + why);
  };
  const owned_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return refuse(std::strerror(errno));
  std::string text;
  char piece[64u << 10];
  for (;;) {
    const auto got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return refuse(std::strerror(errno));
    if (got == 0)
      return text;
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > bytes_max)
      return fail(errc::invalid_request, path + ": is longer than "
                                           + std::to_string(bytes_max >> 20)
                                           + " MiB");
  }
}

} // namespace penstock
