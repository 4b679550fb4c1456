// Requests of Chat Completions, as one server would get them.
#pragma once

#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <limits>

namespace penstock::testing {} // namespace penstock::testing

namespace penstock::testing {

inline message says(role from, const std::string& text) {
  return {from, {text_content{text}}, {}};
}

inline prompt asks(const std::string& text = "q") {
  prompt p;
  p.messages = {says(role::user, text)};
  return p;
}

struct target {
  std::string provider = "openai", model = "gpt-4o";
  std::string base_url = "https://x/v1";
};

inline expected<encoded_request> encode(const prompt& p,
                                        const target& to = {}) {
  return find_codec("openai-chat")
    ->encode({to.provider, "openai-chat", to.base_url, secret{"k"}, {}},
             to.model, p);
}

inline json body_of(const prompt& p, const target& to = {}) {
  auto request = encode(p, to);
  BOOST_REQUIRE_MESSAGE(request.has_value(),
                        (request ? "" : request.error().message));
  return *parse_json(request->http.body);
}

inline std::string messages_of(const prompt& p, const target& to = {}) {
  return to_text(body_of(p, to).at("messages"));
}

inline std::string refusal_of(const prompt& p, const target& to = {}) {
  auto request = encode(p, to);
  BOOST_REQUIRE(!request);
  BOOST_TEST(to_string(request.error().code) == "invalid_request");
  return request.error().message;
}

inline encoder_notes notes_of(const prompt& p, const target& to = {}) {
  auto request = encode(p, to);
  BOOST_REQUIRE(request.has_value());
  return request->left_out;
}

inline std::string sorted(const std::string& text) {
  const auto value = parse_json(text);
  BOOST_REQUIRE_MESSAGE(value.has_value(), text);
  return to_text(*value);
}

inline const target deepseek{"deepseek", "deepseek-chat", "https://x"};
inline const target deepseek_beta{"deepseek", "deepseek-chat",
                                  "https://x/beta"};
inline const target mistral{"mistral", "mistral-large-latest"};
inline const target openrouter{"openrouter", "anthropic/claude-sonnet-4"};
inline const target unknown{"my-server", "my-model"};
inline const target reasoner{"openai", "gpt-5"};

inline message called(const std::string& id = "call_1") {
  return {role::assistant,
          {tool_call_content{id, "f", "{\"a\":1}", {}, {}, {}, false}},
          {}};
}

inline message answered(const std::string& output = "4",
                        std::vector<file_content> files = {}) {
  return {role::tool,
          {tool_result_content{"call_1", "f", output, false, false,
                               std::move(files)}},
          {}};
}

} // namespace penstock::testing
