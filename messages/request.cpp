#include "messages/request.hpp"

#include "messages/check.hpp"

#include <array>

namespace penstock {

std::string_view to_string(stop_outcome outcome) noexcept {
  constexpr std::array<std::string_view, 4> names{
    "stopped", "already_finished", "not_active", "nothing_running"};
  const auto index = static_cast<std::size_t>(outcome);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

std::string_view to_string(history_row::outcome outcome) noexcept {
  constexpr std::array<std::string_view, 4> names{"completed", "aborted",
                                                  "failed", "interrupted"};
  const auto index = static_cast<std::size_t>(outcome);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

} // namespace penstock
