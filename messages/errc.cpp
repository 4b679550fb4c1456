#include "messages/errc.hpp"

#include "messages/check.hpp"

#include <array>

namespace penstock {

namespace {

struct row {
  std::string_view name;
  bool retryable;
};

// In the order of `errc`.
constexpr std::array<row, errc_count> rows{{
  {"none", false},
  {"authentication", false},
  {"permission", false},
  {"quota", false},
  {"rate_limit", true},
  {"overloaded", true},
  {"server_error", true},
  {"network", true},
  {"timeout", true},
  {"context_exceeded", false},
  {"model_not_found", false},
  {"invalid_request", false},
  {"model_refusal", false},
  {"empty_output", true},
  {"stream_truncated", true},
  {"protocol", false},
  {"aborted", false},
  {"superseded", false},
  {"tool", false},
  {"storage", false},
  {"internal", true},
}};

const row& row_of(errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  PENSTOCK_CHECK(index < rows.size());
  return rows[index];
}

} // namespace

std::string_view to_string(errc code) noexcept {
  return row_of(code).name;
}

bool retryable(errc code) noexcept {
  return row_of(code).retryable;
}

std::optional<errc> errc_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].name == name)
      return static_cast<errc>(i);
  return std::nullopt;
}

} // namespace penstock
