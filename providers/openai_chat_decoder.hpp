// Decoder of streamed Chat Completions: OpenAI's and its many relatives'.
#pragma once

#include "messages/boxed.hpp"
#include "providers/codec.hpp"
#include "providers/delta_scanner.hpp"
#include "providers/event_stream_decoder.hpp"
#include "providers/json.hpp"
#include "providers/openai_chat_executed_tools.hpp"
#include "providers/openai_chat_tool_calls.hpp"
#include "providers/part_writer.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace penstock {

/// Decodes what any server that calls itself compatible sends. It asks what is
/// in a chunk and never who sent it: gateways mix the dialects.
///
/// Source: OpenAI API reference, "Chat Completions: streaming"; PROVIDERS.md.
///         Only choice 0 counts.
/// Errors: an error object in the stream is classified; a body that is no
///         event stream, malformed JSON and an exceeded limit are `protocol`.
/// Cost:   a chunk with nothing but text, reasoning or a refusal, and otherwise
///         like the one before, is read without a DOM.
class openai_chat_decoder final : public event_stream_decoder {
public:
  /// @param short_way false: every chunk takes the general way. Slower, and the
  ///        same parts: for comparisons.
  explicit openai_chat_decoder(bool short_way = true);

  /// A finish reason was seen, or `[DONE]`.
  bool finished() const noexcept override {
    return done_ || finish_raw_.has_value();
  }

private:
  void on_event(const sse_event& event, std::string_view data, bool at_end,
                part_batch& out) override;
  void on_body_end(part_batch& out) override;
  bool on_error(const json& chunk, std::string_view type, std::string_view data,
                part_batch& out);
  bool on_plain_delta(const sse_event& event, std::string_view data,
                      part_batch& out);
  void on_chunk(const json& chunk, part_batch& out);
  void on_delta(const json& delta, part_batch& out);
  void on_content(const json& what, part_batch& out);
  bool on_thought(const json& delta, part_batch& out);
  void on_element(const json& one, part_batch& out);
  void on_reasoning(const json& delta, part_batch& out);
  void on_reasoning_detail(const json& detail, bool with_text, part_batch& out);
  void on_thinking_block(const json& block, bool with_text, part_batch& out);
  void on_file(const json& image, part_batch& out);
  void on_audio(const json& audio, part_batch& out);
  void on_info(const json& chunk, part_batch& out);
  void on_sources(const json& chunk, part_batch& out);
  void on_source(source what, part_batch& out);
  void on_usage(const json& chunk, const json& choice, part_batch& out);
  void on_finish(std::string raw, part_batch& out);
  void answer_is_over(part_batch& out);
  void judge_stray(part_batch& out);
  void check_limits(part_batch& out);
  openai_chat_tool_calls& calls();

  bool done_ = false;                     // [DONE] was seen
  std::optional<std::string> finish_raw_; // the last one seen
  delta_scanner plain_;
  part_writer parts_;
  boxed<openai_chat_tool_calls> calls_; // null before the first
  boxed<openai_chat_executed_tools> executed_;
  bool has_id_ = false, has_model_ = false, is_gemini_ = false;
  bool in_thought_ = false; // of Gemini's, whose end has not come
  bool has_deltas_ = false; // or the one message in their place
  std::optional<std::uint64_t> detail_index_; // of the last reasoning detail
  boxed<std::set<std::string, std::less<>>> cited_; // URLs given as sources
  std::string audio_;                // decoded, until it is whole
  std::optional<token_usage> usage_; // the last one given
};

} // namespace penstock
