#include "tests/support/faulty_vfs.hpp"

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <sqlite3.h>

namespace penstock::testing {

struct faulty_vfs::state {
  std::string name;
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  sqlite3_vfs ours{};

  mutable std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::uint64_t writes = 0, bytes = 0, syncs = 0, strikes_at = 0;
  std::optional<fault> what;
  bool struck = false, holding = false;
  std::size_t held = 0;

  enum class verdict { go, half_and_fail, fail_io, fail_full };
  verdict judge(std::uint64_t size) {
    std::unique_lock lock{mutex};
    if (holding) {
      ++held;
      changed.notify_all();
      changed.wait(lock, [&] { return !holding; });
      --held;
    }
    ++writes;
    const bool now = what && writes == strikes_at;
    const bool dead = what && writes > strikes_at;
    struck |= now;
    if (now)
      switch (*what) {
      case fault::io_error:
      case fault::crash_before:
        return verdict::fail_io;
      case fault::full:
        return verdict::fail_full;
      case fault::crash_torn:
        return verdict::half_and_fail;
      case fault::crash_after:
        break;
      }
    if (dead && *what == fault::full)
      return verdict::fail_full;
    if (dead && *what != fault::io_error)
      return verdict::fail_io;
    bytes += size;
    return verdict::go;
  }
};

namespace {

using state = faulty_vfs::state;

struct file {
  sqlite3_file base;
  state* of;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

file& as_file(sqlite3_file* f) {
  return *reinterpret_cast<file*>(f);
}
sqlite3_file* real(sqlite3_file* f) {
  return as_file(f).real();
}
const sqlite3_io_methods& methods(sqlite3_file* f) {
  return *real(f)->pMethods;
}

int write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
  using verdict = state::verdict;
  switch (as_file(f).of->judge(static_cast<std::uint64_t>(size))) {
  case verdict::go:
    return methods(f).xWrite(real(f), bytes, size, at);
  case verdict::half_and_fail:
    methods(f).xWrite(real(f), bytes, size / 2, at);
    return SQLITE_IOERR_WRITE;
  case verdict::fail_full:
    return SQLITE_FULL;
  default:
    return SQLITE_IOERR_WRITE;
  }
}

int truncate(sqlite3_file* f, sqlite3_int64 size) {
  return as_file(f).of->judge(0) == state::verdict::go
           ? methods(f).xTruncate(real(f), size)
           : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* f, int flags) {
  {
    std::lock_guard guard{as_file(f).of->mutex};
    ++as_file(f).of->syncs;
  }
  return methods(f).xSync(real(f), flags);
}

// The rest passes through.
int close(sqlite3_file* f) {
  return methods(f).xClose(real(f));
}
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return methods(f).xRead(real(f), to, size, at);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  return methods(f).xFileSize(real(f), size);
}
int lock(sqlite3_file* f, int how) {
  return methods(f).xLock(real(f), how);
}
int unlock(sqlite3_file* f, int how) {
  return methods(f).xUnlock(real(f), how);
}
int check_lock(sqlite3_file* f, int* held) {
  return methods(f).xCheckReservedLock(real(f), held);
}
int control(sqlite3_file* f, int what, void* argument) {
  return methods(f).xFileControl(real(f), what, argument);
}
int sector_size(sqlite3_file* f) {
  return methods(f).xSectorSize(real(f));
}
int characteristics(sqlite3_file* f) {
  return methods(f).xDeviceCharacteristics(real(f));
}
int shm_map(sqlite3_file* f, int page, int size, int extend,
            void volatile** to) {
  return methods(f).xShmMap(real(f), page, size, extend, to);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return methods(f).xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) {
  methods(f).xShmBarrier(real(f));
}
int shm_unmap(sqlite3_file* f, int remove) {
  return methods(f).xShmUnmap(real(f), remove);
}

constexpr sqlite3_io_methods our_methods{2,
                                         close,
                                         read,
                                         write,
                                         truncate,
                                         sync,
                                         file_size,
                                         lock,
                                         unlock,
                                         check_lock,
                                         control,
                                         sector_size,
                                         characteristics,
                                         shm_map,
                                         shm_lock,
                                         shm_barrier,
                                         shm_unmap,
                                         nullptr,
                                         nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags,
         int* out_flags) {
  auto& s = *static_cast<state*>(vfs->pAppData);
  auto& ours = as_file(f);
  ours.of = &s;
  std::memset(ours.real(), 0, static_cast<std::size_t>(s.real->szOsFile));
  const int code = s.real->xOpen(s.real, name, ours.real(), flags, out_flags);
  ours.base.pMethods = ours.real()->pMethods ? &our_methods : nullptr;
  return code;
}

std::atomic<unsigned> made{0};

} // namespace

faulty_vfs::faulty_vfs() : state_(std::make_unique<state>()) {
  auto& s = *state_;
  s.name = "faulty-" + std::to_string(++made);
  s.ours = *s.real;
  s.ours.szOsFile = static_cast<int>(sizeof(file)) + s.real->szOsFile;
  s.ours.zName = s.name.c_str();
  s.ours.pNext = nullptr;
  s.ours.pAppData = &s;
  s.ours.xOpen = open;
  // The unix file system has its own idea of pAppData only in xOpen and in
  // finding its methods, which ours does through the real one.
  s.ours.xDelete = [](sqlite3_vfs* v, const char* name, int dir) {
    auto* r = static_cast<state*>(v->pAppData)->real;
    return r->xDelete(r, name, dir);
  };
  s.ours.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
    auto* r = static_cast<state*>(v->pAppData)->real;
    return r->xAccess(r, name, flags, out);
  };
  s.ours.xFullPathname = [](sqlite3_vfs* v, const char* name, int n,
                            char* out) {
    auto* r = static_cast<state*>(v->pAppData)->real;
    return r->xFullPathname(r, name, n, out);
  };
  sqlite3_vfs_register(&s.ours, 0);
}

faulty_vfs::~faulty_vfs() {
  sqlite3_vfs_unregister(&state_->ours);
}

const std::string& faulty_vfs::name() const {
  return state_->name;
}

void faulty_vfs::fail_at(std::uint64_t number, fault what) {
  std::lock_guard guard{state_->mutex};
  state_->what = what;
  state_->strikes_at = state_->writes + number;
  state_->struck = false;
}
void faulty_vfs::mend() {
  std::lock_guard guard{state_->mutex};
  state_->what.reset();
}
bool faulty_vfs::struck() const {
  std::lock_guard guard{state_->mutex};
  return state_->struck;
}

void faulty_vfs::hold() {
  std::lock_guard guard{state_->mutex};
  state_->holding = true;
}
void faulty_vfs::release() {
  {
    std::lock_guard guard{state_->mutex};
    state_->holding = false;
  }
  state_->changed.notify_all();
}
void faulty_vfs::await_held() {
  std::unique_lock lock{state_->mutex};
  state_->changed.wait(lock, [&] { return state_->held > 0; });
}

std::uint64_t faulty_vfs::writes() const {
  std::lock_guard guard{state_->mutex};
  return state_->writes;
}
std::uint64_t faulty_vfs::bytes() const {
  std::lock_guard guard{state_->mutex};
  return state_->bytes;
}
std::uint64_t faulty_vfs::syncs() const {
  std::lock_guard guard{state_->mutex};
  return state_->syncs;
}

} // namespace penstock::testing
