// Goal: the delay that a provider asks for is read from every form it has.
// Method: a table of (headers, delay) at one instant; garbage gives no delay.
#define BOOST_TEST_MODULE error_classifier_retry
#include <boost/test/unit_test.hpp>

#include "providers/error_classifier.hpp"
#include "providers/error_classifier_body.hpp"

#include <random>
#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using delay = std::optional<std::chrono::milliseconds>;

// Sun, 06 Nov 1994 08:49:37 GMT, the instant of RFC 9110's examples.
const auto now = std::chrono::system_clock::from_time_t(784111777);

constexpr std::chrono::milliseconds year = std::chrono::days{365};

long long count(const delay& d) {
  return d ? d->count() : -1;
}

const struct {
  const char* why;
  header_list headers;
  delay want;
} header_rows[] = {
  {"nothing", {}, {}},
  {"other headers", {{"date", "x"}, {"x-request-id", "1"}}, {}},
  {"milliseconds", {{"retry-after-ms", "1500"}}, 1500ms},
  {"a part of one", {{"retry-after-ms", "0.4"}}, 1ms},
  {"milliseconds win", {{"retry-after", "9"}, {"retry-after-ms", "5"}}, 5ms},
  {"bad ones do not",
   {{"retry-after", "9"}, {"retry-after-ms", "soon"}},
   9000ms},
  {"seconds", {{"retry-after", "30"}}, 30s},
  {"spaces", {{"retry-after", " 30 "}}, 30s},
  {"decimals", {{"retry-after", "1.5"}}, 1500ms},
  {"zero", {{"retry-after", "0"}}, 0ms},
  {"negative", {{"retry-after", "-5"}}, {}},
  {"exponent", {{"retry-after", "1e3"}}, {}},
  {"infinite", {{"retry-after", "inf"}}, {}},
  {"not a number", {{"retry-after", "nan"}}, {}},
  {"hex", {{"retry-after", "0x10"}}, {}},
  {"unit", {{"retry-after", "30s"}}, {}},
  {"empty", {{"retry-after", ""}}, {}},
  {"only a point", {{"retry-after", "."}}, {}},
  {"huge", {{"retry-after", "99999999999999999999999"}}, year},
  {"huge beyond a double", {{"retry-after", std::string(400, '9')}}, year},
  {"tiny", {{"retry-after", "0." + std::string(400, '0') + "1"}}, 0ms},
  {"IMF date", {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}, 60s},
  {"RFC 850 date", {{"retry-after", "Sunday, 06-Nov-94 08:50:37 GMT"}}, 60s},
  {"asctime date", {{"retry-after", "Sun Nov  6 08:50:37 1994"}}, 60s},
  {"a date that is over",
   {{"retry-after", "Sun, 06 Nov 1994 08:49:07 GMT"}},
   0ms},
  {"no date", {{"retry-after", "tomorrow"}}, {}},
  {"a date in a far year",
   {{"retry-after", "Fri, 31 Dec 8880 23:59:59 GMT"}},
   {}},
  {"a date in the last year that means something",
   {{"retry-after", "Wed, 31 Dec 2200 23:59:59 GMT"}},
   year},

  {"Anthropic, exhausted",
   {{"anthropic-ratelimit-tokens-remaining", "0"},
    {"anthropic-ratelimit-tokens-reset", "1994-11-06T08:50:00Z"}},
   23s},
  {"Anthropic, not exhausted",
   {{"anthropic-ratelimit-tokens-remaining", "5"},
    {"anthropic-ratelimit-tokens-reset", "1994-11-06T08:50:00Z"}},
   {}},
  {"Anthropic, the latest that is exhausted",
   {{"anthropic-ratelimit-requests-remaining", "0"},
    {"anthropic-ratelimit-requests-reset", "1994-11-06T08:49:40Z"},
    {"anthropic-ratelimit-input-tokens-remaining", "0"},
    {"anthropic-ratelimit-input-tokens-reset", "1994-11-06T08:49:50Z"},
    {"anthropic-ratelimit-output-tokens-remaining", "9"},
    {"anthropic-ratelimit-output-tokens-reset", "1994-11-06T09:49:50Z"}},
   13s},
  {"a zone",
   {{"anthropic-ratelimit-x-reset", "1994-11-06T10:50:37+02:00"}},
   60s},
  {"a western zone",
   {{"anthropic-ratelimit-x-reset", "1994-11-06T00:50:37-08:00"}},
   60s},
  {"a fraction",
   {{"anthropic-ratelimit-x-reset", "1994-11-06T08:49:37.5Z"}},
   1s},
  {"no zone", {{"anthropic-ratelimit-x-reset", "1994-11-06T08:50:37"}}, {}},
  {"no such day",
   {{"anthropic-ratelimit-x-reset", "1994-02-30T08:50:37Z"}},
   {}},
  {"a far year", {{"anthropic-ratelimit-x-reset", "9999-01-01T00:00:00Z"}}, {}},
  {"retry-after wins",
   {{"anthropic-ratelimit-x-reset", "1994-11-06T08:50:37Z"},
    {"retry-after", "7"}},
   7s},

  {"OpenAI alone", {{"x-ratelimit-reset-requests", "1m30s"}}, 90s},
  {"OpenAI, exhausted",
   {{"x-ratelimit-remaining-tokens", "0"},
    {"x-ratelimit-reset-tokens", "12ms"},
    {"x-ratelimit-remaining-requests", "1"},
    {"x-ratelimit-reset-requests", "1h"}},
   12ms},
  {"Groq", {{"x-ratelimit-reset-tokens", "2m59.56s"}}, 179560ms},
  {"another limit", {{"x-ratelimit-reset-input-images", "1m"}}, {}},
  {"garbage", {{"x-ratelimit-reset-tokens", "later"}}, {}},
};

} // namespace

BOOST_AUTO_TEST_CASE(each_header_gives_its_delay) {
  for (const auto& [why, headers, want] : header_rows)
    BOOST_TEST_CONTEXT(why) {
      BOOST_TEST(count(retry_after(headers, now)) == count(want));
    }
}

BOOST_AUTO_TEST_CASE(a_duration_has_units) {
  const struct {
    std::string_view text;
    delay want;
  } rows[] = {
    {"12ms", 12ms}, {"6s", 6s},       {"1m30s", 90s},    {"1h2m3s", 3723s},
    {"39s", 39s},   {"1.5s", 1500ms}, {"2", 2s},         {"0.25", 250ms},
    {"1d", 24h},    {"500us", 1ms},   {"7.66s", 7660ms}, {"0s", 0ms},
    {"", {}},       {"s", {}},        {"1m30", {}},      {"-1s", {}},
    {"1x", {}},     {"1 s", {}},      {"1e9h", {}},      {"99999999999h", year},
    {"6m0s", 6min}, {".5s", 500ms},   {"1..5s", {}},
  };
  for (const auto& [text, want] : rows)
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(count(duration_from_text(text)) == count(want));
    }
}

// Source: what OpenAI, Azure, Google and Groq say of their rate limits.
BOOST_AUTO_TEST_CASE(a_rate_limit_that_names_its_delay_in_words_alone_has_it) {
  const struct {
    std::string message;
    delay want;
  } rows[] = {
    {"Limit 200000, Used 158833. Please try again in 6.379s.", 6379ms},
    {"Please try again in 20ms. Visit https://x to learn more.", 20ms},
    {"Please try again in 1m30.5s. Need more tokens?", 90500ms},
    {"Please retry after 6 seconds.", 6s},
    {"Please retry in 1 minute 5 secs, or not at all", 65s},
    {"Retry after 500 milliseconds", 500ms},
    {"Please retry in 34.074824224s.", 34075ms},
    {"try again in 2 days", 48h},
    {"try again in 30", {}},
    {"try again in a minute", {}},
    {"try again in 5 parsecs", {}},
    {"try again in ", {}},
    {"Try again later: 20 requests per 10s", {}},
  };
  for (const auto& [message, want] : rows)
    for (const auto& [code, delays] :
         {std::pair{"rate_limit_exceeded", true}, {"server_error", false}})
      BOOST_TEST_CONTEXT(message << " " << code) {
        const auto event = R"({"type":"error","error":{"code":")"
                           + std::string{code} + R"(","message":")" + message
                           + "\"}}";
        const auto got = classify_in_stream("openai-responses", event);
        BOOST_TEST(count(got.retry_after) == count(delays ? want : delay{}));
      }
  const std::string body =
    R"({"error":{"type":"rate_limit_error","message":"try again in 9s"}})";
  const auto heard = [&](header_list headers) {
    return count(
      classify_response("x", {429, std::move(headers)}, body, now).retry_after);
  };
  BOOST_TEST(heard({}) == 9'000);
  BOOST_TEST(heard({{"retry-after", "3"}}) == 3'000);
}

BOOST_AUTO_TEST_CASE(no_value_gives_a_delay_out_of_bounds) {
  std::mt19937 random{1};
  const std::string alphabet = "0123456789.-+eTZ:smhduGMT, JanSun";
  for (int round = 0; round < 20'000; ++round) {
    std::string value;
    for (auto n = random() % 30; n > 0; --n)
      value += alphabet[random() % alphabet.size()];
    for (const char* name :
         {"retry-after", "retry-after-ms", "anthropic-ratelimit-x-reset",
          "x-ratelimit-reset-tokens"}) {
      const auto got = retry_after({{name, value}}, now);
      BOOST_REQUIRE(!got || (*got >= 0ms && *got <= year));
    }
    const auto told = delay_in_message("try again in " + value);
    BOOST_REQUIRE(!told || (*told >= 0ms && *told <= year));
  }
}
