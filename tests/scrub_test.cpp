// Goal: no key gets into a text for people, and prose stays as it was.
// Method: tables of texts; then keys planted at random places of random text.
#define BOOST_TEST_MODULE scrub
#include <boost/test/unit_test.hpp>

#include "providers/scrub.hpp"
#include "providers/utf8.hpp"

#include <random>
#include <string>
#include <vector>

using namespace penstock;

BOOST_AUTO_TEST_CASE(what_looks_like_a_key_is_taken_out) {
  const struct {
    std::string_view text, want;
  } rows[] = {
    {"key sk-proj-Ab12_cd-34 rejected", "key [redacted] rejected"},
    {"sk-ant-api03-AAAA", "[redacted]"},
    {"provided: sk-wrong****-key. You", "provided: [redacted]. You"},
    {"'gsk_abcdefgh'", "'[redacted]'"},
    {"AIzaSyA-1234_567", "[redacted]"},
    {"xai-0123456789", "[redacted]"},
    {"Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"},
    {"bearer plainlowercasekey", "bearer [redacted]"},
    {"x-api-key: abc", "x-api-key: [redacted]"},
    {"X-Goog-Api-Key:abc", "X-Goog-Api-Key:[redacted]"},
    {R"({"api_key":"abc","a":1})", R"({"api_key":"[redacted]","a":1})"},
    {"OPENAI_API_KEY=abc def", "OPENAI_API_KEY=[redacted] def"},
    {"GET /v1?key=abc&alt=sse", "GET /v1?key=[redacted]&alt=sse"},
    {"authorization: Basic dXNlcjpwYXNz", "authorization: Basic [redacted]"},
    {"Incorrect API key provided: my-own-key.",
     "Incorrect API key provided: [redacted]."},
    {"Invalid API key: 'abc123'", "Invalid API key: '[redacted]'"},
    {"token ghp_abcdefgh1234", "token [redacted]"},
    {"eyJhbGciOiJIUzI1NiJ9.e30.abc", "[redacted]"},
  };
  for (const auto& [text, want] : rows)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(scrub(text) == want);
    }
}

BOOST_AUTO_TEST_CASE(prose_stays) {
  for (const auto text :
       {"", "Bearer token is missing", "a Bearer authentication header",
        "invalid x-api-key", "the risk-averse task-force", "locale sk-SK",
        "Invalid API key: missing", "Your api key was not found",
        "unknown key: temperature", "monkey=banana", "max_tokens=5",
        "no such model `gpt-5.2-proo`", "https://platform.openai.com/api-keys",
        "req_011CeCGmMJJGRCp7xgjqapmJ"})
    BOOST_TEST(scrub(text) == text);
}

BOOST_AUTO_TEST_CASE(a_key_in_the_place_of_a_name_is_known_by_its_looks) {
  for (const auto* key :
       {"0f9d8c7b6a5e4d3c2b1a09f8e7d6c5b4", "Zk3PqR8sT1uVwX5yZ0aB2cD4eF6gH7iJ",
        "sk-proj-abcd1234", "AIzaSyA1234567", "prefix-a1b2c3d4e5f6a7b8"})
    BOOST_TEST(looks_like_key(key), key);
  for (const auto* name :
       {"openai", "azure-openai-eu-west-1", "my-company-production-gateway-2",
        "internationalization", "llamacpp", "a", ""})
    BOOST_TEST(!looks_like_key(name), name);
}

BOOST_AUTO_TEST_CASE(a_known_secret_is_taken_out_whatever_it_looks_like) {
  const std::vector<secret> known = {secret{"plain words"}, secret{"plain"},
                                     secret{"abc"}, secret{""}};
  BOOST_TEST(scrub("it was plain words, plain, abc", known)
             == "it was [redacted], [redacted], abc");
}

BOOST_AUTO_TEST_CASE(no_planted_key_survives) {
  std::mt19937 random{7};
  const std::string alphabet = "ab C\"'=:&?./\n\t{}sk-key Bearer";
  const std::vector<secret> known = {secret{"PLANTED-KEY-0"}};
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (auto n = random() % 60; n > 0; --n)
      text += alphabet[random() % alphabet.size()];
    const auto at = random() % (text.size() + 1);
    text.insert(at, "PLANTED-KEY-0");
    BOOST_REQUIRE(scrub(text, known).find("PLANTED") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(one_line_is_one_line_of_valid_text) {
  const struct {
    std::string_view text;
    std::size_t bytes_max;
    std::string_view want;
  } rows[] = {
    {"", 10, ""},
    {"  a \r\n\t b  ", 10, "a b"},
    {"a\x1b[1mb\x7f"
     "c",
     10, "a[1mbc"},
    {"a\xC2\x85"
     "b\xE2\x80\xAE"
     "c\xE2\x80\xA8"
     "d",
     10, "abcd"},
    {"a\xFF"
     "b",
     10,
     "a\xEF\xBF\xBD"
     "b"},
    {"abcdef", 6, "abcdef"},
    {"abcdefg", 6, "abc\xE2\x80\xA6"},
    {"ab\xE2\x82\xAC\xE2\x82\xAC", 7, "ab\xE2\x80\xA6"},
    {"abc", 2, ""},
    {"abc", 0, ""},
    {std::string_view{"a\0b", 3}, 10, "ab"},
  };
  for (const auto& [text, bytes_max, want] : rows)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(one_line(text, bytes_max) == want);
    }
}
