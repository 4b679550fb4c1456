// Directories for the tools of one stream: made, lent, and removed for sure.
#pragma once

#include "messages/errc.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace penstock {

/// Of a start that wants a directory where none can be had.
error no_scratch_root();

struct removal_limits {
  std::chrono::milliseconds deadline_ms{30'000};
  std::size_t entries_max = 1'000'000;
};

/// A directory below the root, owned by one stream.
///
/// Threads: `remove` from any thread; it blocks, so on a tool thread.
class scratch_dir {
public:
  ~scratch_dir(); ///< Removes nothing.
  scratch_dir(const scratch_dir&) = delete;
  scratch_dir& operator=(const scratch_dir&) = delete;

  /// Absolute, without symbolic links.
  const std::string& path() const noexcept { return path_; }

  /// Removes the directory and all in it. The first call does; any other
  /// returns at once, without error.
  ///
  /// Whatever tools have left there, nothing outside the directory is touched:
  /// a symbolic link is removed and not followed, a mount point is left alone,
  /// and so is a directory that took this one's place. What cannot be removed
  /// is left, and the rest is removed.
  ///
  /// Errors: `tool`: the first reason why something is left, with its path
  ///         below the directory; or the limit that was reached, by name.
  expected<void> remove(removal_limits limits = {});

private:
  friend class scratch_root;
  struct identity;
  scratch_dir(std::string path, std::unique_ptr<const identity> what);

  const std::string path_;
  const std::unique_ptr<const identity> identity_; // never null
  std::atomic<bool> removed_{false};
};

/// A directory on its way from the thread that makes it to whoever wants it,
/// who may give up meanwhile: whoever comes second sees to it.
///
/// Threads: any; `deliver` and `collect` once each.
class scratch_handover {
public:
  /// Removes what nobody waits for any more; that blocks.
  void deliver(expected<std::shared_ptr<scratch_dir>> made);
  /// @param why nobody waits any longer: returned if nothing was delivered.
  expected<std::shared_ptr<scratch_dir>> collect(error why);

private:
  expected<std::shared_ptr<scratch_dir>> made_; ///< Of who comes first.
  std::atomic<bool> one_came_{false};
};

/// The directory below which all scratch directories lie.
///
/// Errors:  `invalid_request` for a path that may not be used, `tool` for
///          what the system refuses; the message names path and reason.
/// Threads: immutable; const members from any thread. They block.
class scratch_root {
public:
  /// Makes the directory (mode 0700) and its parents if they are absent.
  static expected<scratch_root> open(const std::string& path);

  /// A new, empty directory with mode 0700 and a name that nobody can guess.
  expected<std::shared_ptr<scratch_dir>> create() const;

  /// An existing directory, given by the caller. It must lie below the root,
  /// and no symbolic link may be on the way from there.
  expected<std::shared_ptr<scratch_dir>> adopt(std::string_view path) const;

  const std::string& path() const noexcept { return path_; }

private:
  struct handle;
  scratch_root(std::string path, std::shared_ptr<const handle> root);

  std::string path_;                   // absolute, without symbolic links
  std::shared_ptr<const handle> root_; // never null
};

} // namespace penstock
