#include "actors/repeat_trim.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

repeat_trim::repeat_trim(std::string_view kept)
  : kept_(
    kept.substr(kept.size() - std::min(kept.size(), limits::repeat_bytes_max))),
    decided_(kept_.size() < limits::repeat_bytes_min) {}

std::string repeat_trim::take(std::string_view more) {
  if (decided_)
    return std::string{more};
  held_ += more;
  // As long as it goes on like the kept text somewhere, it may reach its end.
  if (kept_.find(held_) != kept_.npos)
    return {};
  return end();
}

// Whole characters: the continuation begins with one, so the end that equals
// it does, too.
std::string repeat_trim::end() {
  if (std::exchange(decided_, true))
    return {};
  const std::string_view kept = kept_;
  auto repeated = std::min(kept.size(), held_.size());
  while (repeated >= limits::repeat_bytes_min
         && !std::string_view{held_}.starts_with(
           kept.substr(kept.size() - repeated)))
    --repeated;
  if (repeated < limits::repeat_bytes_min)
    repeated = 0;
  auto rest = held_.substr(repeated);
  held_.clear();
  return rest;
}

} // namespace penstock
