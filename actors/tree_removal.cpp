#include "actors/tree_removal.hpp"

#include "providers/scrub.hpp"

#include <cerrno>
#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace penstock {

namespace {

constexpr int directory_flags =
  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

// A removal blocks its thread, so what bounds it is the time of the world.
std::timespec monotonic_now() {
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now;
}

std::chrono::milliseconds since(const std::timespec& begin) {
  const auto now = monotonic_now();
  return std::chrono::duration_cast<std::chrono::milliseconds>(
    std::chrono::seconds{now.tv_sec - begin.tv_sec}
    + std::chrono::nanoseconds{now.tv_nsec - begin.tv_nsec});
}

std::string reason(int number) {
  return std::generic_category().message(number);
}

// Bind mounts have the device of what is around them.
bool is_mount_root(int fd) {
  struct statx seen {};
  return ::statx(fd, "", AT_EMPTY_PATH, 0, &seen) == 0
         && (seen.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0
         && (seen.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// fchmod does not take a descriptor of a file that may not be read; its entry
// below /proc/self/fd leads to the very file, whatever its name is by now.
void permit(int path_fd) {
  const auto self = "/proc/self/fd/" + std::to_string(path_fd);
  (void)::chmod(self.c_str(), 0700);
}

} // namespace

owned_fd open_directory_at(int in, const char* name) {
  owned_fd opened{::openat(in, name, directory_flags)};
  if (!opened && errno == EACCES) {
    const owned_fd found{
      ::openat(in, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (found && !is_mount_root(found.get()))
      permit(found.get());
    opened = owned_fd{::openat(in, name, directory_flags)};
  }
  return opened;
}

tree_removal::tree_removal(removal_limits limits)
  : limits_(limits), begin_(monotonic_now()) {}

expected<void> tree_removal::empty(owned_fd top) {
  if (push(std::move(top), ""))
    while (within_limits()) {
      if (levels_.back().entries.empty()) {
        if (levels_.size() == 1 || !leave())
          break;
      } else if (!remove_next()) {
        break;
      }
    }
  if (first_)
    return fail(std::move(*first_));
  return {};
}

// Makes `directory` the one that is worked on.
bool tree_removal::push(owned_fd directory, std::string name) {
  struct stat seen {};
  if (::fstat(directory.get(), &seen) != 0) {
    complain(name, reason(errno));
    return false;
  }
  if (!levels_.empty()
      && (seen.st_dev != levels_.front().device
          || is_mount_root(directory.get()))) {
    complain(name, "is a mount point");
    return true; // Left alone; the rest goes on.
  }
  if ((seen.st_mode & 0700) != 0700)
    (void)::fchmod(directory.get(), 0700);
  auto above = std::exchange(here_, std::move(directory));
  levels_.push_back({std::move(name), seen.st_dev, seen.st_ino, {}});
  return list(levels_.back().entries);
}

bool tree_removal::list(std::vector<std::string>& into) {
  owned_fd copy{::openat(here_.get(), ".", directory_flags)};
  const std::unique_ptr<DIR, int (*)(DIR*)> reader{
    copy ? ::fdopendir(copy.get()) : nullptr, &::closedir};
  if (!reader) {
    complain("", reason(errno));
    return true;
  }
  copy.release(); // The reader's.
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(reader.get());
    if (!entry) {
      if (errno != 0)
        complain("", reason(errno));
      return true;
    }
    const std::string_view name{entry->d_name};
    if (name == "." || name == "..")
      continue;
    ++entries_;
    if (!within_limits())
      return false;
    into.emplace_back(name);
  }
}

// @returns whether to go on.
bool tree_removal::remove_next() {
  auto name = std::move(levels_.back().entries.back());
  levels_.back().entries.pop_back();
  struct stat seen {};
  if (::fstatat(here_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT)
      complain(name, reason(errno));
    return true;
  }
  if (S_ISDIR(seen.st_mode)) {
    owned_fd inner = open_directory_at(here_.get(), name.c_str());
    if (inner)
      return push(std::move(inner), std::move(name));
    if (errno != ENOENT)
      complain(name, reason(errno));
  } else if (::unlinkat(here_.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
    complain(name, reason(errno));
  }
  return true;
}

// Back to the level above, and removes this one from it.
bool tree_removal::leave() {
  const auto name = std::move(levels_.back().name);
  levels_.pop_back();
  owned_fd above{::openat(here_.get(), "..", directory_flags)};
  struct stat seen {};
  if (!above || ::fstat(above.get(), &seen) != 0
      || seen.st_dev != levels_.back().device
      || seen.st_ino != levels_.back().inode) {
    complain(name, "was moved while it was removed");
    return false;
  }
  here_ = std::move(above);
  if (::unlinkat(here_.get(), name.c_str(), AT_REMOVEDIR) != 0
      && errno != ENOENT)
    complain(name, reason(errno));
  return true;
}

bool tree_removal::within_limits() {
  if (entries_ > limits_.entries_max) {
    complain("", "entries_max (" + std::to_string(limits_.entries_max)
                   + ") was exceeded");
    return false;
  }
  if (since(begin_) > limits_.deadline_ms) {
    complain("", "deadline_ms (" + std::to_string(limits_.deadline_ms.count())
                   + ") has passed");
    return false;
  }
  return true;
}

void tree_removal::complain(const std::string& name, const std::string& why) {
  if (!first_)
    first_ = error{errc::tool, path_of(name) + ": " + why};
}

std::string tree_removal::path_of(const std::string& name) const {
  constexpr std::size_t shown_bytes_max = 400;
  std::string path;
  for (const auto& one : levels_) {
    if (path.size() > shown_bytes_max)
      break;
    if (!one.name.empty())
      path += one.name + "/";
  }
  path += name;
  return path.empty() ? "the directory" : one_line(path, shown_bytes_max);
}

} // namespace penstock
