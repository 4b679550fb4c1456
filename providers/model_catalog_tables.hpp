// The endpoints that everyone knows.
#pragma once

#include <span>
#include <string_view>

namespace penstock {

struct builtin_endpoint {
  std::string_view provider;
  std::string_view api;
  std::string_view base_url;
  /// Environment variable with the key; empty: needs none.
  std::string_view key_variable;
  /// Read if the first one is not set; may be empty.
  std::string_view key_variable_also = {};
};

/// Static storage.
std::span<const builtin_endpoint> builtin_endpoints() noexcept;
/// Null if there is none of that name.
const builtin_endpoint* find_builtin(std::string_view provider) noexcept;

} // namespace penstock
