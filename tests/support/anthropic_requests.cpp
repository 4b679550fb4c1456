#include "tests/support/anthropic_requests.hpp"

#include <utility>

namespace penstock::test {

const endpoint& anthropic_endpoint() {
  static const endpoint at{"anthropic",
                           "anthropic-messages",
                           "https://api.anthropic.com",
                           secret{"key-1"},
                           {}};
  return at;
}

prompt hello() {
  prompt p;
  p.messages = {user("hello")};
  return p;
}

prompt with(const std::function<void(prompt&)>& change) {
  auto p = hello();
  change(p);
  return p;
}

bool encoded::noted(std::string_view word) const {
  for (const auto& note : notes)
    if (note.find(word) != note.npos)
      return true;
  return false;
}

std::string encoded::header(std::string_view name) const {
  for (const auto& [n, value] : headers)
    if (n == name)
      return value;
  return "(none)";
}

encoded encode(const prompt& p, std::string_view model) {
  auto request = anthropic_codec().encode(anthropic_endpoint(), model, p);
  if (!request)
    return {nullptr, {}, {}, request.error().message};
  return {json::parse(request->http.body), request->left_out,
          request->http.headers, ""};
}

json encoded_turns(std::vector<message> messages, std::string_view model) {
  prompt p;
  p.messages = std::move(messages);
  return encode(p, model).body["messages"];
}

message user(std::string text) {
  return {role::user, {text_content{std::move(text)}}, ""};
}

message assistant(std::vector<content> parts, std::string made_by) {
  return {role::assistant, std::move(parts), std::move(made_by)};
}

message result(std::string id, std::string output, bool is_error) {
  return {role::tool,
          {tool_result_content{
            std::move(id), "get", std::move(output), is_error, false, {}}},
          ""};
}

tool_call_content call(std::string id, std::string input) {
  return {std::move(id), "get", std::move(input), "", "", "", false};
}

reasoning_content thought() {
  return {"hm", "sig", "", ""};
}

tool_definition get_tool() {
  return {"get", "Gets.", R"({"type":"object","b":1,"a":2})"};
}

json turn(const char* who, std::vector<json> content) {
  return {{"role", who}, {"content", std::move(content)}};
}

json text(std::string text) {
  return {{"type", "text"}, {"text", std::move(text)}};
}

} // namespace penstock::test
