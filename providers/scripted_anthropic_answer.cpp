#include "providers/scripted_event_stream.hpp"

namespace penstock {

namespace {

using json = nlohmann::json;

std::string anthropic_word(finish_reason reason) {
  switch (reason) {
  case finish_reason::stop:
    return "end_turn";
  case finish_reason::length:
    return "max_tokens";
  case finish_reason::tool_calls:
    return "tool_use";
  case finish_reason::content_filter:
    return "refusal";
  case finish_reason::error:
  case finish_reason::other:
    break;
  }
  return "other";
}

json anthropic_usage(const token_usage& t, std::uint64_t output) {
  return {{"input_tokens", t.input_total - t.cache_read - t.cache_write},
          {"cache_read_input_tokens", t.cache_read},
          {"cache_creation_input_tokens", t.cache_write},
          {"output_tokens", output}};
}

class anthropic_writer {
public:
  anthropic_writer(const scripted_turn& turn, const answer_pace& pace)
    : turn_(turn.get()), reason_(turn.reason()), out_(pace) {}

  http_answer write() {
    start();
    for (const auto& d : turn_.deltas)
      write(d);
    if (turn_.failure)
      event("error", {{"error",
                       {{"type", turn_.failure->type},
                        {"message", turn_.failure->message}}}});
    else if (turn_.complete)
      finish();
    return out_.take();
  }

private:
  void event(const std::string& type, json data) {
    data["type"] = type;
    out_.event(type, data);
  }
  void start() {
    json message{{"id", turn_.id},           {"type", "message"},
                 {"role", "assistant"},      {"model", turn_.model},
                 {"content", json::array()}, {"stop_reason", nullptr}};
    if (turn_.tokens)
      message["usage"] = anthropic_usage(*turn_.tokens, 1);
    event("message_start", {{"message", std::move(message)}});
  }
  void write(const scripted_turn::delta& d) {
    using kind = scripted_turn::delta::kind;
    switch (d.what) {
    case kind::text:
    case kind::refusal:
      return block({{"type", "text"}, {"text", ""}}, "text_delta", "text", d);
    case kind::reasoning:
      return block({{"type", "thinking"}, {"thinking", ""}}, "thinking_delta",
                   "thinking", d);
    case kind::tool_call:
      return block({{"type", "tool_use"},
                    {"id", d.call_id},
                    {"name", d.name},
                    {"input", json::object()}},
                   "input_json_delta", "partial_json", d);
    }
  }
  void block(json begin, const char* type, const char* member,
             const scripted_turn::delta& d) {
    event("content_block_start",
          {{"index", index_}, {"content_block", std::move(begin)}});
    const auto delta = [&](json what) {
      event("content_block_delta",
            {{"index", index_}, {"delta", std::move(what)}});
    };
    for (const auto& piece : d.pieces)
      delta({{"type", type}, {member, piece}});
    if (!d.signature.empty())
      delta({{"type", "signature_delta"}, {"signature", d.signature}});
    event("content_block_stop", {{"index", index_++}});
  }
  void finish() {
    const auto word =
      turn_.raw_reason.empty() ? anthropic_word(reason_) : turn_.raw_reason;
    json data{{"delta", {{"stop_reason", word}, {"stop_sequence", nullptr}}}};
    if (turn_.tokens)
      data["usage"] =
        anthropic_usage(*turn_.tokens, turn_.tokens->output_total);
    event("message_delta", std::move(data));
    event("message_stop", json::object());
  }

  const scripted_turn::contents& turn_;
  finish_reason reason_;
  scripted_event_stream out_;
  std::size_t index_ = 0;
};

} // namespace

http_answer anthropic_answer(const scripted_turn& turn, answer_pace pace) {
  return anthropic_writer{turn, pace}.write();
}

} // namespace penstock
