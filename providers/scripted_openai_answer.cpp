#include "providers/scripted_event_stream.hpp"

namespace penstock {

namespace {

using json = nlohmann::json;

std::string openai_word(finish_reason reason) {
  switch (reason) {
  case finish_reason::stop:
    return "stop";
  case finish_reason::length:
    return "length";
  case finish_reason::tool_calls:
    return "tool_calls";
  case finish_reason::content_filter:
    return "content_filter";
  case finish_reason::error:
  case finish_reason::other:
    break;
  }
  return "other";
}

json openai_usage(const token_usage& t) {
  return {{"prompt_tokens", t.input_total},
          {"completion_tokens", t.output_total},
          {"total_tokens", t.input_total + t.output_total},
          {"prompt_tokens_details", {{"cached_tokens", t.cache_read}}},
          {"completion_tokens_details", {{"reasoning_tokens", t.reasoning}}}};
}

class openai_writer {
public:
  openai_writer(const scripted_turn& turn, const answer_pace& pace)
    : turn_(turn.get()), reason_(turn.reason()), out_(pace) {}

  http_answer write() {
    delta({{"role", "assistant"}, {"content", ""}});
    for (const auto& d : turn_.deltas)
      write(d);
    if (turn_.failure)
      out_.data(dump_json({{"error",
                            {{"type", turn_.failure->type},
                             {"code", turn_.failure->type},
                             {"message", turn_.failure->message}}}}));
    else if (turn_.complete)
      finish();
    return out_.take();
  }

private:
  json frame() const {
    return {{"id", turn_.id},
            {"object", "chat.completion.chunk"},
            {"created", 1'704'067'200},
            {"model", turn_.model}};
  }
  void delta(json what, json finish_word = nullptr) {
    auto chunk = frame();
    chunk["choices"] =
      json::array({{{"index", 0},
                    {"delta", std::move(what)},
                    {"finish_reason", std::move(finish_word)}}});
    out_.data(dump_json(chunk));
  }
  void write(const scripted_turn::delta& d) {
    using kind = scripted_turn::delta::kind;
    if (d.what == kind::tool_call)
      return write_call(d);
    const char* const member = d.what == kind::text      ? "content"
                               : d.what == kind::refusal ? "refusal"
                                                         : "reasoning_content";
    for (const auto& piece : d.pieces)
      delta({{member, piece}});
  }
  void write_call(const scripted_turn::delta& d) {
    const auto index = calls_++;
    const auto call = [&](json what) {
      what["index"] = index;
      delta({{"tool_calls", json::array({std::move(what)})}});
    };
    call({{"id", d.call_id},
          {"type", "function"},
          {"function", {{"name", d.name}, {"arguments", ""}}}});
    for (const auto& piece : d.pieces)
      call({{"function", {{"arguments", piece}}}});
  }
  void finish() {
    delta(json::object(),
          turn_.raw_reason.empty() ? openai_word(reason_) : turn_.raw_reason);
    if (turn_.tokens) {
      auto chunk = frame();
      chunk["choices"] = json::array();
      chunk["usage"] = openai_usage(*turn_.tokens);
      out_.data(dump_json(chunk));
    }
    out_.data("[DONE]");
  }

  const scripted_turn::contents& turn_;
  finish_reason reason_;
  scripted_event_stream out_;
  std::size_t calls_ = 0;
};

} // namespace

http_answer openai_chat_answer(const scripted_turn& turn, answer_pace pace) {
  return openai_writer{turn, pace}.write();
}

} // namespace penstock
