#include "providers/anthropic_codec_usage.hpp"

#include "providers/decoding.hpp"

namespace penstock::anthropic {

namespace {

using decoding::sum;

void update(std::uint64_t& figure, const json& usage, const char* name) {
  if (const auto count = count_of(usage, name))
    figure = *count;
}

} // namespace

void usage_counter::take(const json& usage) {
  update(input_, usage, "input_tokens");
  update(output_, usage, "output_tokens");
  update(cache_read_, usage, "cache_read_input_tokens");
  update(cache_write_, usage, "cache_creation_input_tokens");
  update(reasoning_, member(usage, "output_tokens_details"), "thinking_tokens");
  const auto& iterations = member(usage, "iterations");
  if (!iterations.is_array())
    return;
  rounds_.reset();
  for (const auto& i : iterations) {
    const auto type = bytes_of(i, "type");
    if (type == "fallback_message") {
      rounds_.reset();
      return;
    }
    if (type != "message" && type != "compaction")
      continue;
    auto& total = rounds_ ? *rounds_ : rounds_.emplace(round{0, 0});
    total.input = sum(total.input, count_of(i, "input_tokens").value_or(0));
    total.output = sum(total.output, count_of(i, "output_tokens").value_or(0));
  }
}

token_usage usage_counter::total(token_usage::quality known) const noexcept {
  token_usage all;
  all.known = known;
  all.input_total =
    sum(rounds_ ? rounds_->input : input_, sum(cache_read_, cache_write_));
  all.cache_read = cache_read_;
  all.cache_write = cache_write_;
  all.output_total = rounds_ ? rounds_->output : output_;
  all.reasoning = reasoning_;
  return all;
}

} // namespace penstock::anthropic
