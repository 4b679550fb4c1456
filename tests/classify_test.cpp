// Goal: `penstock classify` prints the class of what it is given, on one line.
// Method: tables of (status, headers, body, line), through the function behind
// the subcommand; wrong usage gives a line of its own.
#define BOOST_TEST_MODULE classify
#include <boost/test/unit_test.hpp>

#include "tools/classify.hpp"
#include "tools/command.hpp"

#include <sstream>
#include <string>

using namespace penstock;

namespace {

// Sun, 06 Nov 1994 08:49:37 GMT
const auto now = std::chrono::system_clock::from_time_t(784111777);

struct result {
  int code;
  std::string line, problem;
};

result run(const cli::classify_options& options, const std::string& body) {
  std::istringstream in{body};
  std::ostringstream out;
  result got;
  got.code = cli::classify(options, in, out, got.problem, now);
  got.line = out.str();
  return got;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_gives_one_line) {
  const struct {
    int status;
    std::vector<std::string> headers;
    std::string body, want;
  } rows[] = {
    {429,
     {"Retry-After: 2"},
     R"({"error":{"message":"slow\ndown","type":"requests"}})",
     R"({"error_class":"rate_limit","retryable":true,"retry_after_ms":2000,)"
     R"("message":"slow down"})"},
    {401,
     {},
     R"({"error":{"message":"no","code":"invalid_api_key"}})",
     R"({"error_class":"authentication","retryable":false,)"
     R"("retry_after_ms":null,"message":"no"})"},
    {500,
     {"x-should-retry: false", "RETRY-AFTER:Sun, 06 Nov 1994 08:49:47 GMT"},
     R"({"error":"x"})",
     R"({"error_class":"server_error","retryable":false,)"
     R"("retry_after_ms":10000,"message":"x"})"},
    {503,
     {},
     "",
     R"({"error_class":"server_error","retryable":true,)"
     R"("retry_after_ms":null,)"
     R"("message":"the provider answered with HTTP status 503 and no body"})"},
  };
  for (const auto& [status, headers, body, want] : rows)
    BOOST_TEST_CONTEXT(body) {
      const auto got = run({"openai-chat", status, headers}, body);
      BOOST_TEST(got.code == cli::exit_completed);
      BOOST_TEST(got.line == want + "\n");
      BOOST_TEST(got.problem == "");
    }
}

BOOST_AUTO_TEST_CASE(a_200_is_searched_for_its_first_error) {
  const struct {
    std::string body, want;
  } rows[] = {
    {R"({"error":{"code":429,"message":"x"}})", "rate_limit"},
    {"data: {\"error\":{\"code\":429,\"message\":\"x\"}}\n\n", "rate_limit"},
    {"data:{\"error\":{\"code\":429}}", "rate_limit"},
    {"event: ping\ndata: {\"type\":\"ping\"}\n\nevent: error\n"
     "data: {\"type\":\"error\",\ndata: \"error\":{\"type\":"
     "\"overloaded_error\"}}\n\n",
     "overloaded"},
    {"{\"message\":{\"content\":\"a\"}}\n{\"error\":\"model not found\"}\n",
     "model_not_found"},
    {"data: {\"choices\":[]}\n\ndata: [DONE]\n\n", "protocol"},
    {"<html><title>Sign in</title>", "protocol"},
    {"", "protocol"},
  };
  for (const auto& [body, want] : rows)
    BOOST_TEST_CONTEXT(body) {
      const auto got = run({"openai-chat", 200, {}}, body);
      BOOST_TEST(got.line.find("{\"error_class\":\"" + want + "\"") == 0u);
      BOOST_TEST(got.line.find('\n') + 1 == got.line.size());
    }
}

BOOST_AUTO_TEST_CASE(every_api_can_be_classified) {
  for (const auto api : {"openai-chat", "openai-compatible", "openai-responses",
                         "anthropic-messages", "google-gemini", "ollama"})
    BOOST_TEST(run({api, 500, {}}, "").code == cli::exit_completed);
}

BOOST_AUTO_TEST_CASE(wrong_usage_says_what_is_right) {
  auto got = run({"smoke-signals", 500, {}}, "");
  BOOST_TEST(got.code == cli::exit_usage);
  BOOST_TEST(got.problem.find("anthropic-messages") != std::string::npos);
  BOOST_TEST(got.line == "");
  for (const auto header : {"", "retry-after", ": x", "a b: c"}) {
    got = run({"openai-chat", 500, {header}}, "");
    BOOST_TEST(got.code == cli::exit_usage);
    BOOST_TEST(got.problem.find("Name: value") != std::string::npos);
  }
}
