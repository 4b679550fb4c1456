// A text that must not be shown.
#pragma once

#include <string>
#include <utility>

namespace penstock {

/// Holds an API key. Has no to_string, no stream operator and no comparison
/// with a string, so that it gets into no log by accident.
class secret {
public:
  secret() = default;
  /// Takes the text.
  explicit secret(std::string value) : value_(std::move(value)) {}

  /// The text itself, for the one place that writes it to the wire.
  const std::string& reveal() const noexcept { return value_; }
  /// Whether there is none.
  bool empty() const noexcept { return value_.empty(); }
  bool operator==(const secret&) const = default;

private:
  std::string value_;
};

} // namespace penstock
