// SQLite's file system with faults: the n-th write fails, or is the last thing
// that a process does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace penstock::testing {

/// Registers itself with SQLite under `name()`; passes on to the system's.
///
/// Threads: any. Lifetime: outlives the stores that use it.
class faulty_vfs {
public:
  enum class fault {
    io_error,     ///< That write fails with SQLITE_IOERR_WRITE.
    full,         ///< From that write on the disk is full, until `mend`.
    crash_before, ///< Nothing is written any more, as after a kill.
    crash_torn,   ///< Half of that write, then nothing.
    crash_after,  ///< That write, then nothing.
  };

  faulty_vfs();
  ~faulty_vfs();
  faulty_vfs(const faulty_vfs&) = delete;

  const std::string& name() const;

  /// @param number of the write from now on, from 1; truncations count too.
  void fail_at(std::uint64_t number, fault what);
  void mend();
  /// Whether the fault has come to pass.
  bool struck() const;

  /// Writes wait from now on, until `release`.
  void hold();
  void release();
  /// Waits until one waits.
  void await_held();

  std::uint64_t writes() const;
  std::uint64_t bytes() const; ///< Written, to all files together.
  std::uint64_t syncs() const;

  struct state;

private:
  std::unique_ptr<state> state_;
};

} // namespace penstock::testing
