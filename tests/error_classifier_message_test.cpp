// Goal: what is shown of a failure is the provider's text, and safe to show.
// Method: tables of (body, message); then bodies that are cut, garbled and
// nested at random with a fixed seed.
#define BOOST_TEST_MODULE error_classifier_message
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/error_classifier.hpp"
#include "providers/utf8.hpp"

#include <random>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::string_literals;

namespace {

error answer(int status, std::string_view body, header_list headers = {}) {
  return classify_response("openai-chat", {status, std::move(headers)}, body,
                           {});
}

// What the random bodies are made of.
constexpr std::string_view seeds[] = {
  "",
  "<html><head><title>502 Bad Gateway</title></head></html>",
  "upstream connect error",
  R"({"error":{"message":"x","type":"requests","param":null,"code":null}})",
  R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})",
  R"([{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED",)"
  R"("details":[{"reason":"a","retryDelay":"1s"}]}}])",
  R"({"error":"model \"llama9\" not found, try pulling it first"})",
  R"({"detail":[{"loc":["body",0,"x"],"msg":"bad","type":"t"}]})",
  R"({"error":{"message":"Provider returned error","code":400,"metadata":)"
  R"({"raw":"{\"error\":{\"message\":\"prompt is too long\"}}"}}})",
  R"({"type":"response.failed","response":{"error":{"code":"x"}}})",
  R"({"choices":[{"error":{"code":503,"message":"\ud83d\ude00"}}]})",
};

} // namespace

BOOST_AUTO_TEST_CASE(the_message_is_the_providers_own) {
  const struct {
    int status;
    std::string_view body, want;
  } rows[] = {
    {400, R"({"error":{"message":"one\n\ttwo\u001b[31m"}})", "one two[31m"},
    {400, R"({"error":"text"})", "text"},
    {400, R"({"code":"A code","error":"text"})", "text"},
    {400, R"({"error":"Not Found","message":"No handler","status":404})",
     "No handler"},
    {422,
     R"({"detail":[{"loc":["body","model"],"msg":"Field required"},)"
     R"({"loc":["body",0],"msg":"bad"}]})",
     "body.model: Field required; body.0: bad"},
    {422,
     R"({"message":{"detail":[{"loc":["q"],"msg":"m"}]},"object":"error"})",
     "q: m"},
    {429,
     R"({"error":{"message":"Provider returned error","code":429,)"
     R"("metadata":{"raw":"slow down upstream"}}})",
     "slow down upstream"},
    {400, R"({"error":{"message":"{\"error\":{\"message\":\"inner\"}}"}})",
     "inner"},
    {400, R"({"errors":[{"message":"first"}]})", "first"},
    {502, "<html><head><TITLE>\n502 Bad Gateway </TITLE>", "502 Bad Gateway"},
    {502, "  upstream connect error\n", "upstream connect error"},
    {500, "", "the provider answered with HTTP status 500 and no body"},
    {400, R"({"error":{"message":"prompt is too lo)", "prompt is too lo"},
    {400, R"({"error":{"message":"a\u00)", "a"},
    {400, R"({"error":{"message":"a\\)", "a\\"},
    {400, R"({"unknown":"shape"})", R"({"unknown":"shape"})"},
    {400,
     "{\"error\":{\"message\":\"a\xff"
     "b\"}}",
     "a\xEF\xBF\xBD"
     "b"},
    {401, R"({"error":{"message":"Incorrect key: sk-proj-abcdefgh12345678"}})",
     "Incorrect key: [redacted]"},
  };
  for (const auto& [status, body, want] : rows)
    BOOST_TEST_CONTEXT(body) {
      BOOST_TEST(answer(status, body).message == want);
    }
}

BOOST_AUTO_TEST_CASE(a_long_message_is_cut_between_characters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    for (int i = 0; i < 5000; ++i)
      text += "\xE2\x82\xAC";
    const auto got = answer(400, "{\"error\":\"" + text + "\"}").message;
    BOOST_TEST(got.size() <= limits::error_message_bytes_max);
    BOOST_TEST(got.size() + 4 > limits::error_message_bytes_max);
    BOOST_TEST(valid_utf8_prefix(got) == got.size());
    BOOST_TEST(got.ends_with("\xE2\x80\xA6"));
  }
}

BOOST_AUTO_TEST_CASE(a_key_at_the_cut_is_not_shown_in_half) {
  // The first few bytes alone would not look like a key.
  const std::string key = "AIzaREDACTMEREDACTMEREDACTME";
  for (std::size_t before = limits::error_message_bytes_max - 60;
       before < limits::error_message_bytes_max + 4; ++before) {
    const auto got = answer(401, std::string(before, 'x') + " " + key).message;
    BOOST_TEST(got.find("AIza") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(only_the_kept_part_of_a_body_is_read) {
  std::string far(limits::error_body_bytes_max, ' ');
  far += R"({"error":{"code":"insufficient_quota"}})";
  BOOST_TEST(to_string(answer(429, far).code) == "rate_limit");
  // A cut in the middle of a long member leaves what came before it.
  std::string cut = R"({"error":{"code":"insufficient_quota","message":")";
  cut.append(limits::error_body_bytes_max, 'x').append("\"}}");
  BOOST_TEST(to_string(answer(429, cut).code) == "quota");
}

BOOST_AUTO_TEST_CASE(the_status_and_the_word_on_a_retry_are_kept) {
  auto got = answer(529, "", {{"x-should-retry", "false"}});
  BOOST_TEST(got.provider_status == 529);
  BOOST_TEST((got.should_retry == false));
  got = answer(500, "", {{"x-should-retry", "true"}});
  BOOST_TEST((got.should_retry == true));
  BOOST_TEST(!answer(500, "", {{"x-should-retry", "maybe"}}).should_retry);
  BOOST_TEST(!answer(500, "").should_retry);
  got = classify_in_stream("openai-chat", R"({"error":{"code":502}})");
  BOOST_TEST(got.provider_status == 502);
}

BOOST_AUTO_TEST_CASE(geminis_delay_counts_where_no_header_does) {
  const std::string_view body =
    R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x",)"
    R"("details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},)"
    R"({"@type":"type.googleapis.com/google.rpc.RetryInfo",)"
    R"("retryDelay":"39.5s"}]}})";
  using std::chrono::milliseconds;
  BOOST_TEST((answer(429, body).retry_after == milliseconds{39500}));
  BOOST_TEST((answer(429, body, {{"retry-after", "2"}}).retry_after
              == milliseconds{2000}));
  BOOST_TEST((classify_in_stream("google-gemini", body).retry_after
              == milliseconds{39500}));
}

BOOST_AUTO_TEST_CASE(a_delay_in_the_body_counts_where_no_header_does) {
  const auto delay = [](std::string_view body, header_list headers = {}) {
    const auto why = answer(429, body, std::move(headers));
    return why.retry_after ? why.retry_after->count() : -1;
  };
  BOOST_TEST(delay(R"({"detail":"m","error_code":1015,"retry_after":30})")
             == 30'000);
  BOOST_TEST(delay(R"({"error":{"message":"m","retry_after":"1.5"}})")
             == 1'500);
  BOOST_TEST(delay(R"({"message":"m","retry_after":9})", {{"retry-after", "2"}})
             == 2'000);
  BOOST_TEST(delay(R"({"error":{"message":"m","resets_in_seconds":7139}})")
             == 7'139'000);
  for (const auto* none : {"null", "-1", "{}", "\"soon\"", "1e300"})
    BOOST_TEST(
      delay(R"({"message":"m","retry_after":)" + std::string{none} + "}")
      == -1);
}

BOOST_AUTO_TEST_CASE(no_body_crashes_or_gives_an_unsafe_message) {
  std::mt19937 random{20261122};
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string body{seeds[below(std::size(seeds))]};
    for (auto edits = below(4); edits > 0 && !body.empty(); --edits) {
      const auto at = below(body.size());
      switch (below(4)) {
      case 0:
        body.resize(at);
        break;
      case 1:
        body[at] = static_cast<char>(below(256));
        break;
      case 2:
        body.insert(at, 1, "{}[]\",:\\"[below(8)]);
        break;
      default:
        body.insert(at, seeds[below(std::size(seeds))]);
      }
    }
    const auto got = below(2) ? answer(static_cast<int>(below(700)), body)
                              : classify_in_stream("", body);
    BOOST_REQUIRE(got.code != errc::none);
    BOOST_REQUIRE(got.code != errc::aborted);
    BOOST_REQUIRE(got.code != errc::internal);
    BOOST_REQUIRE(!got.message.empty());
    BOOST_REQUIRE(got.message.size() <= limits::error_message_bytes_max);
    BOOST_REQUIRE(valid_utf8_prefix(got.message) == got.message.size());
    for (const char c : got.message)
      BOOST_REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  }
}

BOOST_AUTO_TEST_CASE(hostile_bodies_take_no_time) {
  const auto many = [](std::string_view piece) {
    std::string text;
    while (text.size() < limits::error_body_bytes_max)
      text += piece;
    return text;
  };
  for (const auto piece :
       {"[", "{\"error\":", "http://", "model ", "{\"a\":[", "\"", "\\",
        "<title>", "sk-", "bearer ", "key=", "{\"message\":\"{", "api_key   "})
    BOOST_TEST(!answer(400, many(piece)).message.empty());
}
