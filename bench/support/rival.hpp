// What is measured beside each other: the runtime, and what a user would write
// without it, all against the same server.
#pragma once

#include "bench/support/meter.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::bench {

/// What one client has to do: so many streams of one shape.
struct load {
  std::string server;    ///< "http://127.0.0.1:8080"
  std::string ca_file{}; ///< Whom to trust, if it speaks TLS.
  std::string shape;     ///< "n=20000,len=4", as the server's manual says.
  std::size_t streams = 1;
  /// Further indices, for `replace`.
  std::size_t spare = 0;
  /// Of each stream's workspace. Only the runtime has any.
  std::size_t subscribers = 1;
  /// `start` begins none; `begin` does, one at a time.
  bool one_by_one = false;
  /// Of the runtime, as `runtime_options::store_path`.
  std::string store{};
};

/// What all of a client's streams have brought, written by its threads and read
/// by the one that measures.
class tally {
public:
  explicit tally(std::size_t streams) : digests_(streams), stamps_(streams) {}

  /// Bytes of the body; what a client reads that does not decode.
  void bytes(std::size_t n) noexcept { add(bytes_, n); }
  /// Text of stream `index`. Counts its bytes, digests it, and reads its stamps
  /// once `watch` was called. One thread at a time for a stream.
  void text(std::size_t index, std::string_view text);
  /// A stream is over. @param whole whether it came to its end.
  void ended(bool whole) noexcept {
    last_end_ns_ = now_ns();
    if (!whole)
      failed_.fetch_add(1);
    over_.fetch_add(1);
    over_.notify_all();
  }
  /// A batch has reached a subscriber, whichever.
  void batch() noexcept { batches_.fetch_add(1, std::memory_order_relaxed); }

  /// Ages of stamps are noted from now on, or no longer.
  void watch(bool on) noexcept { watching_ = on; }
  std::vector<std::uint64_t> ages() const;
  /// Of stream `index`, which has ended.
  std::uint64_t last_stamp_ns(std::size_t index) const {
    return stamps_[index].reader.last();
  }

  /// Of stream `index`, since `watch`; waits for it. From any thread.
  std::uint64_t first_stamp_ns(std::size_t index) const {
    stamps_[index].first.wait(0);
    return stamps_[index].first;
  }

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t text_bytes() const noexcept { return text_bytes_; }
  std::size_t over() const noexcept { return over_; }
  /// Waits until `count` streams are over. Asleep: a caller that spins takes
  /// one of two cores from what it measures.
  void await_over(std::size_t count) const noexcept {
    for (auto now = over(); now < count; now = over())
      over_.wait(now);
  }
  std::size_t failed() const noexcept { return failed_; }
  std::uint64_t last_end_ns() const noexcept { return last_end_ns_; }
  std::uint64_t batches() const noexcept { return batches_; }
  /// Of all text, of all streams.
  std::uint64_t hash() const noexcept;

private:
  struct stamps {
    stamp_reader reader;
    std::vector<std::uint64_t> ages_ns;
    std::atomic<std::uint64_t> first{0};
  };
  static void add(std::atomic<std::uint64_t>& to, std::size_t n) noexcept {
    to.fetch_add(n, std::memory_order_relaxed);
  }

  std::vector<digest> digests_; // by stream
  std::vector<stamps> stamps_;  // ditto
  std::atomic<bool> watching_{false};
  std::atomic<std::uint64_t> bytes_{0}, text_bytes_{0}, batches_{0};
  std::atomic<std::uint64_t> last_end_ns_{0};
  std::atomic<std::size_t> over_{0}, failed_{0};
};

/// A client that runs.
class rival {
public:
  virtual ~rival() = default; ///< Stops whatever still runs.
  /// Begins all streams. May return before they stand.
  virtual void start() = 0;
  /// Begins stream `index`, of a load that goes one by one.
  virtual void begin(std::size_t) {}
  /// Ends stream `index`. A rival that does nothing here has no way.
  virtual void abort(std::size_t) {}
  /// Ends stream `index` by starting another in its place, which is `as`.
  virtual void replace(std::size_t, std::size_t) {}
};

/// @param name "bytes" (a), "hops" (a, over two bare actors), "extract" (b),
/// "dom" (b with nlohmann), "threads"
///        (c), "penstock" (a sink given with the start), "penstock-callback"
///        (`subscription_callbacks`), "penstock-scheduled" (a sink, and all
///        actors on CAF's scheduler).
/// Ends the program at any other name.
std::unique_ptr<rival> make_rival(std::string_view name, const load& what,
                                  tally& results);

std::unique_ptr<rival> make_multi_rival(std::string_view name, const load&,
                                        tally&);
std::unique_ptr<rival> make_threads_rival(const load&, tally&);
std::unique_ptr<rival> make_penstock_rival(std::string_view name, const load&,
                                           tally&);

/// The request of the rivals; about what the runtime sends.
std::string request_body(const std::string& shape);

} // namespace penstock::bench
