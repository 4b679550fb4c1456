#include "providers/scripted_answers.hpp"

#include "providers/scripted_event_stream.hpp"

#include <utility>

namespace penstock {

namespace {

constexpr std::size_t input_piece_bytes = 12;

// "a b  c" → "a", " b", "  c": each word with the blanks before it.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto word = text.find_first_not_of(' ', begin);
    const auto end = word == text.npos ? text.npos : text.find(' ', word);
    words.emplace_back(text.substr(begin, end - begin));
    begin = end == text.npos ? text.size() : end;
  }
  return words;
}

bool is_openai_chat(std::string_view api) {
  return api == "openai-chat" || api == "openai-compatible";
}

} // namespace

// ---- scripted_turn ----------------------------------------------------------

scripted_turn& scripted_turn::text(std::string_view words) {
  return tokens(words_of(words));
}
scripted_turn& scripted_turn::tokens(const std::vector<std::string>& deltas) {
  contents_.deltas.push_back({delta::kind::text, deltas, {}, {}, {}});
  return *this;
}
scripted_turn& scripted_turn::reasoning(std::string_view words,
                                        std::string signature) {
  contents_.deltas.push_back(
    {delta::kind::reasoning, words_of(words), std::move(signature), {}, {}});
  return *this;
}
scripted_turn& scripted_turn::refusal(std::string_view words) {
  contents_.deltas.push_back(
    {delta::kind::refusal, words_of(words), {}, {}, {}});
  return *this;
}
scripted_turn& scripted_turn::tool_call(std::string id, std::string name,
                                        std::string input_json) {
  std::vector<std::string> pieces;
  for (auto& piece : cut_evenly(input_json, input_piece_bytes))
    pieces.push_back(std::move(piece.bytes));
  contents_.deltas.push_back({delta::kind::tool_call,
                              std::move(pieces),
                              {},
                              std::move(id),
                              std::move(name)});
  return *this;
}
scripted_turn& scripted_turn::usage(const token_usage& tokens) {
  contents_.tokens = tokens;
  return *this;
}
scripted_turn& scripted_turn::finish(finish_reason reason, std::string raw) {
  contents_.reason = reason;
  contents_.raw_reason = std::move(raw);
  return *this;
}
scripted_turn& scripted_turn::error(std::string type, std::string message) {
  contents_.failure = {std::move(type), std::move(message)};
  return *this;
}
scripted_turn& scripted_turn::truncated() {
  contents_.complete = false;
  return *this;
}
scripted_turn& scripted_turn::response_id(std::string id) {
  contents_.id = std::move(id);
  return *this;
}
scripted_turn& scripted_turn::model(std::string name) {
  contents_.model = std::move(name);
  return *this;
}

finish_reason scripted_turn::reason() const {
  if (contents_.reason)
    return *contents_.reason;
  auto reason = finish_reason::stop;
  for (const auto& d : contents_.deltas) {
    if (d.what == delta::kind::refusal)
      return finish_reason::content_filter;
    if (d.what == delta::kind::tool_call)
      reason = finish_reason::tool_calls;
  }
  return reason;
}

// ---- answers ----------------------------------------------------------------

std::optional<http_answer> scripted_answer(std::string_view api,
                                           const scripted_turn& turn,
                                           answer_pace pace) {
  if (is_openai_chat(api))
    return openai_chat_answer(turn, pace);
  if (api == "anthropic-messages")
    return anthropic_answer(turn, pace);
  return std::nullopt;
}

http_answer recorded_answer(std::string body, std::size_t piece_bytes,
                            std::chrono::milliseconds between) {
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  if (piece_bytes > 0)
    answer.body = cut_evenly(body, piece_bytes, between);
  else
    answer.body.push_back({std::move(body), between, 1});
  return answer;
}

http_answer error_answer(std::string_view api, int status, std::string type,
                         std::string message, header_list headers) {
  nlohmann::json body{
    {"error", {{"type", type}, {"message", std::move(message)}}}};
  if (api == "anthropic-messages")
    body["type"] = "error";
  else
    body["error"]["code"] = std::move(type);
  http_answer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.headers.emplace_back("content-type", "application/json");
  answer.body.push_back({dump_json(body), {}, 1});
  answer.framed = http_answer::framing::length;
  return answer;
}

http_answer html_answer(int status) {
  http_answer answer;
  answer.status = status;
  answer.headers = {{"content-type", "text/html; charset=utf-8"}};
  answer.body.push_back({"<!doctype html><title>Welcome</title>", {}, 1});
  answer.framed = http_answer::framing::length;
  return answer;
}

} // namespace penstock
