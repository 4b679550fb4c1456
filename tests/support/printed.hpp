// The words by which Boost.Test prints enumerations.
#pragma once

#include "actors/endpoint_health.hpp"
#include "actors/stream_machine.hpp"

#include <cstddef>
#include <ostream>

namespace penstock {

inline std::ostream& operator<<(std::ostream& out, phase p) {
  return out << to_string(p);
}
inline std::ostream& operator<<(std::ostream& out,
                                endpoint_health::admission::kind k) {
  constexpr const char* names[] = {"granted", "full",    "cold",
                                   "open",    "cooling", "probing"};
  return out << names[static_cast<std::size_t>(k)];
}
inline std::ostream& operator<<(std::ostream& out, endpoint_health::breaker b) {
  constexpr const char* names[] = {"closed", "open", "half_open"};
  return out << names[static_cast<std::size_t>(b)];
}

} // namespace penstock
