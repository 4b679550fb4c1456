// Ready-made answers of a model, in the bytes of each API: for tests, for the
// provider `scripted` and for demos.
#pragma once

#include "messages/stream.hpp"
#include "providers/http_script.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock {

/// When the events of an answer come.
struct answer_pace {
  std::chrono::milliseconds connect{0}; ///< Request to connection.
  std::chrono::milliseconds head{0};    ///< Connection to status line.
  std::chrono::milliseconds first{0};   ///< Status line to first event.
  std::chrono::milliseconds between{0}; ///< From event to event.
};

/// What a model says in one step, told once and played on any API:
///
///   scripted_turn{}.reasoning("Hm.").text("Hello, world").usage(u)
///
/// Each word of a text is a delta of its own. Unless `finish` says otherwise
/// the turn ends by itself: with tool-calls if there is one, with
/// content-filter if there is a refusal, else with stop.
class scripted_turn {
public:
  scripted_turn& text(std::string_view words);
  /// Deltas as they are, empty ones too.
  scripted_turn& tokens(const std::vector<std::string>& deltas);
  /// @param signature Anthropic only.
  scripted_turn& reasoning(std::string_view words, std::string signature = {});
  /// On an API without refusal deltas (Anthropic) the words come as text.
  scripted_turn& refusal(std::string_view words);
  /// The input comes in small deltas. @param input_json need not be JSON.
  scripted_turn& tool_call(std::string id, std::string name,
                           std::string input_json);
  /// A reported figure; without this call there is none on the wire.
  scripted_turn& usage(const token_usage& tokens);
  /// @param raw the provider's own word, if not the usual one.
  scripted_turn& finish(finish_reason reason, std::string raw = {});
  /// An error event inside the stream. Nothing follows it.
  scripted_turn& error(std::string type, std::string message);
  /// No finish reason and no terminal event: the body just ends, cleanly.
  scripted_turn& truncated();
  scripted_turn& response_id(std::string id);
  scripted_turn& model(std::string name);

  struct delta {
    enum class kind { text, reasoning, refusal, tool_call } what;
    /// One event each.
    std::vector<std::string> pieces;
    std::string signature;     ///< Of reasoning.
    std::string call_id, name; ///< Of a tool call.
  };
  struct in_stream_error {
    std::string type, message;
  };
  /// What the encoders below read.
  struct contents {
    std::string id = "resp-1", model = "scripted";
    std::vector<delta> deltas;
    std::optional<token_usage> tokens;
    std::optional<finish_reason> reason;
    std::string raw_reason;
    std::optional<in_stream_error> failure;
    bool complete = true;
  };
  const contents& get() const noexcept { return contents_; }
  /// `reason`, or the one that follows from the deltas.
  finish_reason reason() const;

private:
  contents contents_;
};

/// A streamed answer, one event per piece; the pieces may be edited.
http_answer openai_chat_answer(const scripted_turn& turn,
                               answer_pace pace = {});
http_answer anthropic_answer(const scripted_turn& turn, answer_pace pace = {});
/// By the API's name ("openai-chat", "openai-compatible",
/// "anthropic-messages"); empty if there is no encoder for it.
std::optional<http_answer> scripted_answer(std::string_view api,
                                           const scripted_turn& turn,
                                           answer_pace pace = {});

/// A recorded body, whole or in pieces of `piece_bytes` (0: whole).
http_answer recorded_answer(
  std::string body, std::size_t piece_bytes = 0,
  std::chrono::milliseconds between = std::chrono::milliseconds{0});

/// A non-2xx answer with the API's error object.
/// @param type e.g. "rate_limit_exceeded", "overloaded_error".
http_answer error_answer(std::string_view api, int status, std::string type,
                         std::string message, header_list headers = {});

/// What a misconfigured address answers.
http_answer html_answer(int status = 200);

} // namespace penstock
