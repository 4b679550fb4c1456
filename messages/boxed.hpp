// An optional value on the heap, for what most objects never have.
#pragma once

#include "messages/check.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace penstock {

/// As std::optional, but an empty one takes a pointer and not the room of a
/// value. Copies are deep.
///
/// Threads: as a value of T.
template <class T>
class boxed {
public:
  boxed() = default;
  /// An empty one.
  boxed(std::nullopt_t) {}
  /// Holds `value`.
  boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  /// Holds what `value` does.
  boxed(std::optional<T> value)
    : value_(value ? std::make_unique<T>(std::move(*value)) : nullptr) {}
  /// Holds a copy of the other's value.
  boxed(const boxed& other)
    : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  /// The other one is empty afterwards.
  boxed(boxed&&) noexcept = default;
  boxed& operator=(boxed other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~boxed() = default;

  /// A new value in place of whatever is there.
  template <class... Args>
  T& emplace(Args&&... args) {
    value_ = std::make_unique<T>(std::forward<Args>(args)...);
    return *value_;
  }
  /// Empties it.
  void reset() noexcept { value_.reset(); }

  /// Whether it is not empty.
  bool has_value() const noexcept { return value_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }

  // @pre has_value()
  T& operator*() & { return *checked(); }
  const T& operator*() const& { return *checked(); }
  T&& operator*() && { return std::move(*checked()); }
  T* operator->() { return checked(); }
  const T* operator->() const { return checked(); }

private:
  T* checked() const {
    PENSTOCK_CHECK(value_ != nullptr);
    return value_.get();
  }

  std::unique_ptr<T> value_;
};

} // namespace penstock
