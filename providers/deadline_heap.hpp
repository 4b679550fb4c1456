// Deadlines in order of time: the data structure under every clock.
#pragma once

#include "messages/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace penstock {

/// Keeps deadlines and hands out those that are due, by time and then in the
/// order in which they were armed. Knows no clock: the caller brings the time.
///
/// Threads:   one owner at a time.
/// Cost:      `arm`, `cancel`, `take_due` O(log n) amortised, `next` O(1).
///            A cancelled deadline's function is released at once; its 16
///            bytes in the heap later (lazily: attempts cancel far more
///            deadlines than fire).
/// Invariant: the heap's top is live, and at most half of the heap's entries
///            are cancelled.
class deadline_heap {
public:
  using function = std::function<void()>;

  /// @param fire not empty.
  deadline_id arm(steady_time when, function fire);

  /// Forgets a deadline.
  /// @returns its function, so that a caller with a lock can destroy it (and
  /// whatever it holds) outside; empty if `id` is not armed.
  function cancel(deadline_id id);

  /// When the earliest is due.
  std::optional<steady_time> next() const;

  /// Takes out the earliest that is due at `now`; empty if none is.
  function take_due(steady_time now);

  /// Takes out all, in no order. For a clock that ends.
  std::vector<function> take_all();

  std::size_t size() const noexcept { return functions_.size(); }
  bool empty() const noexcept { return functions_.empty(); }
  /// Entries in the heap, cancelled ones included.
  std::size_t entries() const noexcept { return heap_.size(); }

private:
  struct entry {
    steady_time when;
    deadline_id id; ///< Counts up, hence also the order of arming.
  };
  static bool later(const entry& a, const entry& b) noexcept;

  bool live(const entry& e) const { return functions_.contains(e.id); }
  void pop();
  void restore_invariant();

  std::vector<entry> heap_; ///< std::push_heap order, earliest first.
  std::unordered_map<deadline_id, function> functions_; ///< The live ones.
  std::uint64_t last_id_ = 0;
};

} // namespace penstock
