// Decoder of streamed answers of the Gemini API.
#pragma once

#include "providers/codec.hpp"
#include "providers/delta_scanner.hpp"
#include "providers/event_stream_decoder.hpp"
#include "providers/gemini_calls.hpp"
#include "providers/gemini_sources.hpp"
#include "providers/gemini_usage.hpp"
#include "providers/json.hpp"
#include "providers/part_writer.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::gemini {

/// Decodes `streamGenerateContent?alt=sse` of the Gemini API, and what Vertex
/// AI adds to it (arguments in pieces). Only candidate 0 counts.
///
/// The stream has no end of its own: a finish reason is one, and so is a prompt
/// that was blocked. Early models wrote one into every chunk, and usage may
/// follow it, so it is told when the body ends.
///
/// - A tool that the API runs is a call with the `kind` "executableCode" (named
///   code_execution) or "toolCall" (named by its type), and its result. `input`
///   and `output_json` are the objects of the wire, where that of a result that
///   was signed also has its `thoughtSignature`.
/// - The id of a function's call is also its `item_id`, if the wire had one.
///
/// Source: ai.google.dev/api/generate-content, the types of the official SDK
///         googleapis/js-genai; PROVIDERS.md.
/// Errors: an error object in the stream or between its events is classified;
///         a body that is no event stream, malformed JSON and an exceeded limit
///         are `protocol`.
/// Cost:   a chunk with nothing but text and counts, and otherwise like the one
///         before, is read without a DOM.
class decoder final : public event_stream_decoder {
public:
  /// @param short_way false: every chunk takes the general way.
  explicit decoder(bool short_way = true);

  bool finished() const noexcept override { return finish_raw_.has_value(); }

private:
  void on_event(const sse_event& event, std::string_view data, bool at_end,
                part_batch& out) override;
  void on_body_end(part_batch& out) override;
  bool on_plain_delta(std::string_view data, part_batch& out);
  bool on_error(const json& chunk, std::string_view data, part_batch& out);
  void on_chunk(const json& chunk, std::string_view data, part_batch& out);
  void on_info(const json& chunk, part_batch& out);
  void on_feedback(const json& feedback);
  void on_content(const json& content, std::size_t candidate,
                  std::string_view data, part_batch& out);
  void on_part(const json& part, const ordered_json& ordered, part_batch& out);
  void on_file(const json& part, std::string signature, part_batch& out);
  void on_provider_call(const json& wire, const ordered_json& ordered,
                        const char* kind, std::string signature,
                        part_batch& out);
  void on_provider_result(const json& wire, ordered_json whole,
                          const char* kind, std::string signature,
                          part_batch& out);
  void on_usage(const usage_counts& counts, part_batch& out);
  void answer_is_over(part_batch& out);
  void judge_stray(part_batch& out);
  void check_limits(part_batch& out);

  struct provider_call {
    part_key key;
    std::string id, name;
    bool answered;
  };

  delta_scanner plain_;
  bool plain_thought_ = false; // what it knows is reasoning
  part_writer parts_;
  function_calls calls_;
  source_collector sources_;
  std::vector<provider_call> provider_calls_;
  bool has_id_ = false, has_model_ = false;
  std::optional<token_usage> usage_;      // the last one given
  std::optional<std::string> finish_raw_; // the last one seen
  std::string explanation_;               // ditto
  bool blocked_ = false;                  // it is the reason of a block
};

} // namespace penstock::gemini
