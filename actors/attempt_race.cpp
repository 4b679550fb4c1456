#include "actors/attempt_race.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

attempt_race::attempt_race(racer present, racer hedge)
  : present_(std::move(present)), hedge_(std::move(hedge)) {
  PENSTOCK_CHECK(present_.link && hedge_.link);
  PENSTOCK_CHECK(present_.id.stream == hedge_.id.stream);
  PENSTOCK_CHECK(present_.id.number < hedge_.id.number);
}

attempt_race::turn attempt_race::take(const parts_received& m) {
  const bool of_hedge = m.attempt == hedge_.id;
  if (!of_hedge && m.attempt != present_.id)
    return turn::stale;
  (of_hedge ? hedge_ : present_).batches.push_back(m);
  if (std::none_of(m.parts.begin(), m.parts.end(), shows_output))
    return turn::waits;
  return of_hedge ? turn::hedge_wins : turn::present;
}

bool attempt_race::started(const attempt_started& m) {
  if (m.attempt != hedge_.id)
    return false;
  hedge_.started = m;
  return true;
}

token_usage last_usage(const racer& of, token_usage before) {
  for (const auto& batch : of.batches)
    for (const auto& p : batch.parts)
      if (const auto* told = std::get_if<part::usage>(&p))
        before = told->tokens;
  return before;
}

std::string next_in_chain(const std::vector<std::string>& chain,
                          const std::string& model) {
  const auto at = std::find(chain.begin(), chain.end(), model);
  for (auto it = at; it != chain.end(); ++it)
    if (std::find(chain.begin(), it, *it) == it && *it != model)
      return *it;
  return {};
}

} // namespace penstock
