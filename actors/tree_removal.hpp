// Empties a directory, and goes nowhere else.
#pragma once

#include "actors/scratch_dir.hpp"
#include "messages/errc.hpp"
#include "providers/owned_fd.hpp"

#include <cstddef>
#include <ctime>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace penstock {

/// Opens the directory `name` in `in` itself, no symbolic link. One without
/// permissions is given them. Empty: see errno.
owned_fd open_directory_at(int in, const char* name);

/// Removes all that lies in a directory. Use it once.
///
/// Holds two or three descriptors and no stack frame per level, however deep
/// the tree is. Each level is entered by its name without following a link,
/// and left through "..", which must be the directory that was entered.
class tree_removal {
public:
  explicit tree_removal(removal_limits limits);

  /// @param top the directory; closed at the end.
  /// Errors: `tool`: as `scratch_dir::remove`.
  expected<void> empty(owned_fd top);

private:
  struct level {
    std::string name; // in the level above
    dev_t device;
    ino_t inode;
    std::vector<std::string> entries; // not yet looked at
  };

  bool push(owned_fd directory, std::string name);
  bool list(std::vector<std::string>& into);
  bool remove_next();
  bool leave();
  bool within_limits();
  void complain(const std::string& name, const std::string& why);
  std::string path_of(const std::string& name) const;

  const removal_limits limits_;
  const std::timespec begin_;
  std::size_t entries_ = 0;
  owned_fd here_; // the directory of levels_.back()
  std::vector<level> levels_;
  std::optional<error> first_;
};

} // namespace penstock
