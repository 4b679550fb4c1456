// The network of a fault cell.
#include "providers/scripted_answers.hpp"
#include "tests/support/fault_words.hpp"
#include "tests/support/stream_world.hpp"

#include <memory>

namespace penstock::testing {

namespace {

token_usage full_usage() {
  token_usage usage;
  usage.input_total = 100;
  usage.output_total = 20;
  return usage;
}

http_answer answer_of(bool claude, const scripted_turn& turn) {
  return claude ? anthropic_answer(turn) : openai_chat_answer(turn);
}

http_answer good_answer(bool claude, const std::string& of) {
  return answer_of(
    claude,
    scripted_turn{}.tokens(words(of, 'w', words_whole)).usage(full_usage()));
}

/// Up to the piece that holds `needle`.
std::vector<body_piece> pieces_to(const http_answer& answer,
                                  std::string_view needle) {
  std::vector<body_piece> kept;
  for (const auto& piece : answer.body) {
    kept.push_back(piece);
    if (piece.bytes.find(needle) != std::string::npos)
      break;
  }
  return kept;
}

/// What the answer to attempt `number` has before the fault strikes.
std::vector<body_piece> beginning_of(const fault_cell& cell,
                                     std::size_t number) {
  using enum fault_place;
  const auto p = attempt_name(number);
  scripted_turn turn;
  turn.usage(full_usage());
  if (cell.where == after_first_token)
    return pieces_to(
      answer_of(cell.claude, turn.tokens(words(p, 'w', words_whole))),
      p + "w0");
  turn.reasoning(joined(words(p, 'r', words_cut)), "sig-" + p);
  switch (cell.where) {
  case mid_reasoning:
    return pieces_to(answer_of(cell.claude, turn), p + "r1");
  case mid_text:
    return pieces_to(
      answer_of(cell.claude, turn.tokens(words(p, 'w', words_whole))),
      p + "w2");
  case mid_tool_input:
    turn.tokens(words(p, 'w', words_cut))
      .tool_call("call-" + p, "look", R"({"q":")" + p + R"(-cut-short"})");
    return pieces_to(answer_of(cell.claude, turn), p + "-cut");
  case after_whole_call: {
    turn.tool_call("call-" + p, "look", R"({"q":")" + p + R"("})").truncated();
    return answer_of(cell.claude, turn).body;
  }
  case before_terminal:
    return answer_of(cell.claude,
                     turn.tokens(words(p, 'w', words_whole)).truncated())
      .body;
  default:
    return {};
  }
}

http_answer status_answer(bool claude, int status) {
  constexpr std::pair<int, const char*> types[] = {
    {400, "invalid_request_error"}, {401, "authentication_error"},
    {402, "billing_error"},         {403, "permission_error"},
    {404, "model_not_found"},       {408, "timeout_error"},
    {413, "request_too_large"},     {429, "rate_limit_error"},
    {529, "overloaded_error"}};
  std::string type = "api_error";
  for (const auto& [code, name] : types)
    if (code == status)
      type = name;
  return error_answer(claude ? "anthropic-messages" : "openai-chat", status,
                      std::move(type), "as the test says");
}

/// The last events of an answer that is an error, or a refusal.
std::vector<body_piece> tail_of(const fault_cell& cell) {
  scripted_turn turn;
  turn.usage(full_usage());
  const bool error = cell.what.what == fault_kind::in_stream_error;
  if (error)
    turn.error(cell.claude ? "overloaded_error" : "server_error", "as told");
  else
    turn.finish(finish_reason::content_filter);
  auto body = answer_of(cell.claude, turn).body;
  // A refusal without output is a whole answer.
  const bool whole = !error && !is_visible(cell.where);
  if (!whole)
    body.erase(body.begin()); // what opens an answer
  return body;
}

http_answer faulty_answer(const fault_cell& cell, std::size_t number) {
  const bool before = cell.where == fault_place::before_headers;
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.body = beginning_of(cell, number);
  switch (cell.what.what) {
  case fault_kind::reset:
  case fault_kind::clean_eof:
    if (before)
      answer.framed = http_answer::framing::raw; // no answer at all
    else if (cell.what.what == fault_kind::reset)
      answer.ends = http_answer::ending::reset;
    return answer;
  case fault_kind::stall:
    if (before)
      answer.head_delay = http_answer::never;
    answer.ends = http_answer::ending::stall;
    return answer;
  case fault_kind::in_stream_error:
  case fault_kind::refusal:
    for (auto& piece : tail_of(cell))
      answer.body.push_back(std::move(piece));
    return answer;
  case fault_kind::garbage:
    if (answer.body.empty())
      answer.body.push_back({"@@ no stream of ours @@\n\n"});
    else
      answer.body.push_back(
        {"event: content_block_delta\ndata: {\"choices\": [oops\n\n"});
    return answer;
  case fault_kind::wrong_content_type:
    if (cell.where != fault_place::after_headers)
      return html_answer();
    answer.headers = {{"content-type", "application/json"}};
    answer.body.push_back({R"({"object":"chat.completion","choices":[]})"});
    return answer;
  case fault_kind::crash:
    answer.body.push_back({std::string{crash_marker}});
    answer.ends = http_answer::ending::stall;
    return answer;
  case fault_kind::http_status:
    return status_answer(cell.claude, cell.what.status);
  }
  return answer;
}

} // namespace

http_script script_of(const fault_cell& cell) {
  const auto wire = [](const std::string& model) {
    return model.substr(model.find(':') + 1);
  };
  http_script script;
  script.on({.model_contains = wire(cell.first_model())},
            [cell, faulty = std::make_shared<std::size_t>(0)](
              const auto& request, std::size_t) {
              const bool asked_tool =
                request.body.find("call-") != std::string::npos;
              if (cell.where == fault_place::after_tool_result && !asked_tool)
                return answer_of(cell.claude,
                                 scripted_turn{}
                                   .tool_call("call-t", "look", R"({"q":"t"})")
                                   .usage(full_usage()));
              if (cell.where == fault_place::after_whole_call && asked_tool)
                return good_answer(cell.claude, "d");
              return faulty_answer(cell, (*faulty)++);
            });
  if (cell.then != fault_fallback::none)
    script.on({.model_contains = wire(cell.fallback_model())},
              good_answer(cell.fallback_is_claude(), "s"));
  return script;
}

} // namespace penstock::testing
