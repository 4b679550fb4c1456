// Requests of the Gemini API, as the server would get them.
#pragma once

#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>

namespace penstock::test {

inline const std::string gemini3 = "gemini-3-pro-preview";
inline const std::string gemini25 = "gemini-2.5-flash";

inline expected<encoded_request>
encode_gemini(const prompt& p, const std::string& model = gemini3,
              const std::string& base_url = "https://x") {
  return find_codec("google-gemini")
    ->encode({"google", "google-gemini", base_url, secret{"k"}, {}}, model, p);
}

inline json gemini_body(const prompt& p, const std::string& model = gemini3) {
  auto request = encode_gemini(p, model);
  BOOST_REQUIRE_MESSAGE(request.has_value(),
                        (request ? "" : request.error().message));
  return *parse_json(request->http.body);
}

inline std::string gemini_refusal(const prompt& p,
                                  const std::string& model = gemini3) {
  auto request = encode_gemini(p, model);
  BOOST_REQUIRE(!request.has_value());
  BOOST_TEST(to_string(request.error().code) == "invalid_request");
  return request.error().message;
}

inline encoder_notes gemini_notes(const prompt& p,
                                  const std::string& model = gemini3) {
  auto request = encode_gemini(p, model);
  BOOST_REQUIRE(request.has_value());
  return request->left_out;
}

inline message gemini_says(role from, const std::string& text) {
  return {from, {text_content{text, {}}}, {}};
}

inline prompt gemini_asks() {
  prompt p;
  p.messages = {gemini_says(role::user, "q")};
  return p;
}

inline json gemini_json(const char* text) {
  auto value = parse_json(text);
  BOOST_REQUIRE_MESSAGE(value.has_value(), text);
  return *value;
}

} // namespace penstock::test
