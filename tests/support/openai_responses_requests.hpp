// Requests of the Responses API, as one server would get them.
#pragma once

#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace penstock::test {

struct responses_target {
  std::string provider = "openai", model = "gpt-5";
};

inline expected<encoded_request>
encode_responses(const prompt& p, const responses_target& to = {}) {
  return find_codec("openai-responses")
    ->encode({to.provider,
              "openai-responses",
              "https://x/v1",
              secret{"k"},
              {{"x-a", "1"}}},
             to.model, p);
}

inline json responses_body(const prompt& p, const responses_target& to = {}) {
  auto request = encode_responses(p, to);
  BOOST_REQUIRE_MESSAGE(request.has_value(),
                        (request ? "" : request.error().message));
  return *parse_json(request->http.body);
}

inline message said(role from, std::vector<content> parts,
                    std::string made_by = {}) {
  return {from, std::move(parts), std::move(made_by)};
}

inline prompt asked(std::vector<message> messages) {
  prompt p;
  p.messages = std::move(messages);
  return p;
}

/// A prompt with one user message, "q", changed by `change`.
template <class Change>
prompt asked_with(Change change) {
  auto p = asked({user_text("q")});
  change(p);
  return p;
}

/// The `input` of the request as text.
inline std::string input_of(std::vector<message> messages,
                            const responses_target& to = {}) {
  return to_text(responses_body(asked(std::move(messages)), to).at("input"));
}

inline std::string refusal_of(const prompt& p,
                              const responses_target& to = {}) {
  auto request = encode_responses(p, to);
  BOOST_REQUIRE(!request);
  BOOST_TEST(to_string(request.error().code) == "invalid_request");
  return request.error().message;
}

} // namespace penstock::test
