// Decoder of streamed Responses: OpenAI's and those of servers that speak it.
#pragma once

#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/openai_responses_items.hpp"
#include "providers/sse_decoder.hpp"

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
class openai_responses_decoder final : public response_decoder {
public:
  /// @param provider name of the endpoint.
  explicit openai_responses_decoder(std::string_view provider);

  void push(std::string_view bytes, part_batch& out) override;
  void end(part_batch& out) override;

  /// The response was completed, or ended as incomplete.
  bool finished() const noexcept override { return finished_; }

private:
  void on_event(const sse_event& event, bool at_end, part_batch& out);
  void on_output(std::string_view type, const json& event, part_batch& out);
  void on_response(const json& response, part_batch& out);
  void on_end(std::string_view type, const json& response, part_batch& out);
  void judge_stray(part_batch& out);
  void fail(error why, part_batch& out);

  sse_decoder frames_;
  openai_responses_items items_;
  bool has_id_ = false, has_model_ = false;
  std::optional<error> malformed_; // the first event that is not JSON
  bool events_ = false;            // an event was seen
  bool finished_ = false;
  bool over_ = false; // nothing more is taken
};

} // namespace penstock
