// What an Anthropic stream says of its tokens.
#pragma once

#include "messages/stream.hpp"
#include "providers/json.hpp"

#include <cstdint>
#include <optional>

namespace penstock::anthropic {

/// Keeps the last of each cumulative figure.
///
/// Source: platform.claude.com/docs/en/build-with-claude/prompt-caching (what
///         input_tokens leaves out) and .../compaction: with `iterations`, the
///         totals leave the compaction out, so its rounds and the message's are
///         summed. An advisor's rounds are billed as another model's; where a
///         fallback model has answered, the totals are the answer's already.
class usage_counter {
public:
  /// Takes a `usage` object; anything else changes nothing.
  void take(const json& usage);
  token_usage total(token_usage::quality known) const noexcept;

private:
  struct round {
    std::uint64_t input, output;
  };
  std::uint64_t input_ = 0, output_ = 0, cache_read_ = 0, cache_write_ = 0,
                reasoning_ = 0;
  std::optional<round> rounds_; ///< The sum of the iterations, if it counts.
};

} // namespace penstock::anthropic
