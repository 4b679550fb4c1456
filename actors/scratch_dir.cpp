#include "actors/scratch_dir.hpp"

#include "actors/tree_removal.hpp"
#include "providers/scrub.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>
#include <vector>

namespace penstock {

error no_scratch_root() {
  return {
    errc::invalid_request,
    "no scratch root is configured; set scratch_root or leave scratch_dir "
    "out"};
}

struct scratch_root::handle {
  owned_fd directory;
  dev_t device;
};

struct scratch_dir::identity {
  std::shared_ptr<const void> keeps_root; // `root_fd` is its
  int root_fd;
  std::vector<std::string> way; // from the root; not empty
  dev_t device;
  ino_t inode;
};

namespace {

constexpr int path_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string reason(int number) {
  return std::generic_category().message(number);
}

tl::unexpected<error> refused(errc code, std::string_view path,
                              const std::string& why) {
  constexpr std::size_t shown_bytes_max = 400;
  return fail(code, "scratch directory " + one_line(path, shown_bytes_max)
                      + ": " + why);
}

// The directory at the end of the way, or errno. The way may be empty.
owned_fd walk(int root, const std::vector<std::string>& way,
              std::size_t steps) {
  owned_fd at{::openat(root, ".", path_flags)};
  for (std::size_t i = 0; i < steps && at; ++i)
    at = owned_fd{::openat(at.get(), way[i].c_str(), path_flags)};
  return at;
}

// Empty if a piece leads up.
std::vector<std::string> pieces_of(std::string_view path) {
  std::vector<std::string> pieces;
  while (!path.empty()) {
    const auto piece = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(piece.size() + 1, path.size()));
    if (piece == "..")
      return {};
    if (!piece.empty() && piece != ".")
      pieces.emplace_back(piece);
  }
  return pieces;
}

// As mkdir -p, but private. @returns 0 or errno.
int make_with_parents(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at)
    if ((at == path.size() || path[at] == '/')
        && ::mkdir(path.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST
        && at == path.size())
      return errno;
  return 0;
}

expected<std::string> random_name() {
  std::array<unsigned char, 16> bytes{};
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got =
      ::getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR)
      return fail(errc::tool, "no random bytes: " + reason(errno));
    filled += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  std::string name = "stream-";
  for (const auto byte : bytes) {
    name += "0123456789abcdef"[byte >> 4];
    name += "0123456789abcdef"[byte & 15];
  }
  return name;
}

} // namespace

// ---- one directory ---------------------------------------------------------

scratch_dir::scratch_dir(std::string path, std::unique_ptr<const identity> what)
  : path_(std::move(path)), identity_(std::move(what)) {}

scratch_dir::~scratch_dir() = default;

expected<void> scratch_dir::remove(removal_limits limits) {
  if (removed_.exchange(true))
    return {};
  const auto& way = identity_->way;
  const auto above = walk(identity_->root_fd, way, way.size() - 1);
  if (!above) {
    if (errno == ENOENT)
      return {};
    return refused(errc::tool, path_, reason(errno));
  }
  const auto is_this = [this](const struct stat& seen) {
    return S_ISDIR(seen.st_mode) && seen.st_dev == identity_->device
           && seen.st_ino == identity_->inode;
  };
  const auto* name = way.back().c_str();
  const auto taken = [this] {
    return refused(errc::tool, path_, "something else has taken its place");
  };
  // Looked at before it is opened: opening may change its permissions.
  struct stat seen {};
  if (::fstatat(above.get(), name, &seen, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT)
      return {};
    return refused(errc::tool, path_, reason(errno));
  }
  if (!is_this(seen))
    return taken();
  auto top = open_directory_at(above.get(), name);
  if (!top || ::fstat(top.get(), &seen) != 0)
    return refused(errc::tool, path_, reason(errno));
  if (!is_this(seen))
    return taken();
  auto emptied = tree_removal{limits}.empty(std::move(top));
  if (!emptied)
    return emptied;
  if (::fstatat(above.get(), name, &seen, AT_SYMLINK_NOFOLLOW) == 0
      && !is_this(seen))
    return taken();
  if (::unlinkat(above.get(), name, AT_REMOVEDIR) != 0 && errno != ENOENT)
    return refused(errc::tool, path_, reason(errno));
  return {};
}

// ---- the root --------------------------------------------------------------

scratch_root::scratch_root(std::string path, std::shared_ptr<const handle> root)
  : path_(std::move(path)), root_(std::move(root)) {}

expected<scratch_root> scratch_root::open(const std::string& path) {
  if (path.empty() || path.find('\0') != path.npos)
    return refused(errc::invalid_request, path,
                   "the root must be a path, without NUL");
  if (const int why = make_with_parents(path); why != 0)
    return refused(errc::tool, path, reason(why));
  const std::unique_ptr<char, void (*)(void*)> real{
    ::realpath(path.c_str(), nullptr), &std::free};
  if (!real)
    return refused(errc::tool, path, reason(errno));
  std::string found{real.get()};
  if (found == "/")
    return refused(errc::invalid_request, path,
                   "the root may not be that of the file system");
  owned_fd directory{
    ::open(found.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat seen {};
  if (!directory || ::fstat(directory.get(), &seen) != 0)
    return refused(errno == ENOTDIR ? errc::invalid_request : errc::tool, path,
                   reason(errno));
  return scratch_root{std::move(found), std::make_shared<const handle>(handle{
                                          std::move(directory), seen.st_dev})};
}

expected<std::shared_ptr<scratch_dir>> scratch_root::create() const {
  const auto name = random_name();
  if (!name)
    return fail(name.error());
  const auto whole = path_ + "/" + *name;
  if (::mkdirat(root_->directory.get(), name->c_str(), 0700) != 0)
    return refused(errc::tool, whole, reason(errno));
  return adopt(whole);
}

expected<std::shared_ptr<scratch_dir>>
scratch_root::adopt(std::string_view path) const {
  const auto wrong = [&](const std::string& why) {
    return refused(errc::invalid_request, path, why);
  };
  if (path.find('\0') != path.npos)
    return wrong("has a NUL in it");
  if (!path.starts_with(path_ + "/"))
    return wrong("is not below the root " + path_);
  auto way = pieces_of(path.substr(path_.size()));
  if (way.empty())
    return wrong("is not below the root " + path_);
  const auto found = walk(root_->directory.get(), way, way.size());
  struct stat seen {};
  if (!found || ::fstat(found.get(), &seen) != 0) {
    if (errno == ELOOP || errno == ENOTDIR)
      return wrong("is not a directory, or a symbolic link is on the way");
    return wrong(reason(errno));
  }
  if (seen.st_dev != root_->device)
    return wrong("is on another file system than the root");
  std::string whole = path_;
  for (const auto& piece : way)
    whole += "/" + piece;
  return std::shared_ptr<scratch_dir>{new scratch_dir{
    std::move(whole),
    std::make_unique<const scratch_dir::identity>(
      scratch_dir::identity{root_, root_->directory.get(), std::move(way),
                            seen.st_dev, seen.st_ino})}};
}

// ---- handing it over -------------------------------------------------------

void scratch_handover::deliver(expected<std::shared_ptr<scratch_dir>> made) {
  made_ = std::move(made);
  if (one_came_.exchange(true) && made_)
    (void)(*made_)->remove();
}

expected<std::shared_ptr<scratch_dir>> scratch_handover::collect(error why) {
  if (one_came_.exchange(true))
    return std::move(made_);
  return fail(std::move(why));
}

} // namespace penstock
