// Decoder of streamed Responses: OpenAI's and those of servers that speak it.
#pragma once

#include "providers/codec.hpp"
#include "providers/delta_scanner.hpp"
#include "providers/event_stream_decoder.hpp"
#include "providers/json.hpp"
#include "providers/openai_responses_items.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Reads the events and what they say of the response as a whole; its output
/// is `openai_responses_items`'. Events that it does not know are skipped: all
/// that matters in them comes again with the end of their item.
///
/// Source: OpenAI API reference, "Responses: streaming events"; the events of
///         openai-openapi; PROVIDERS.md.
/// Errors: an error event, an error object and `response.failed` are
///         classified. A body that is no event stream and an exceeded limit
///         are `protocol`. So is an event that is not JSON, but only when the
///         answer is over: what else came of it is not lost.
/// Cost:   a delta of text, reasoning, a refusal or an input that is like the
///         one before is read without a DOM.
class openai_responses_decoder final : public event_stream_decoder {
public:
  /// @param provider name of the endpoint.
  /// @param short_way false: every event takes the general way.
  explicit openai_responses_decoder(std::string_view provider,
                                    bool short_way = true);

  /// The response was completed, or ended as incomplete.
  bool finished() const noexcept override { return finished_; }

private:
  void on_event(const sse_event& frame, std::string_view data, bool at_end,
                part_batch& out) override;
  void on_body_end(part_batch& out) override;
  bool on_plain_delta(std::string_view data, part_batch& out);
  void on_output(std::string_view type, const json& event, part_batch& out);
  void on_response(const json& response, part_batch& out);
  void on_end(std::string_view type, const json& response, part_batch& out);
  void judge_stray(part_batch& out);

  delta_scanner plain_;
  openai_responses_items items_;
  bool has_id_ = false, has_model_ = false;
  std::optional<error> malformed_; // the first event that is not JSON
  bool finished_ = false;
};

} // namespace penstock
