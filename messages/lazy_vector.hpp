// A vector for what is empty most of the time.
#pragma once

#include "messages/check.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace penstock {

/// The part of std::vector that is needed, in the room of a pointer while it
/// is empty.
///
/// Threads: as std::vector.
template <class T>
class lazy_vector {
public:
  /// Whether there is none.
  bool empty() const noexcept { return all_ == nullptr; }
  /// Adds one at the end.
  void push_back(T one) {
    if (!all_)
      all_ = std::make_unique<std::vector<T>>();
    all_->push_back(std::move(one));
  }
  /// The first, which leaves.
  /// @pre !empty()
  T take_first() {
    PENSTOCK_CHECK(all_ != nullptr);
    auto first = std::move(all_->front());
    all_->erase(all_->begin());
    if (all_->empty())
      all_.reset();
    return first;
  }
  /// Drops those of which `is` holds. It must not touch this.
  template <class Predicate>
  void erase_if(Predicate is) {
    if (all_)
      std::erase_if(*all_, std::move(is));
    if (all_ && all_->empty())
      all_.reset();
  }
  /// All of them, and none is left.
  std::vector<T> take() {
    return all_ ? std::move(*std::exchange(all_, nullptr)) : std::vector<T>{};
  }

private:
  std::unique_ptr<std::vector<T>> all_; ///< Null or not empty.
};

} // namespace penstock
