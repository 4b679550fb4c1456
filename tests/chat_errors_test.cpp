// Goal: whatever goes wrong, `penstock chat` says so in one line that helps,
// exits with the code of the contract, and shows no key.
// Method: the real binary; a server on loopback that fails, or none.
#define BOOST_TEST_MODULE chat_errors
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/test_certificate.hpp"

#include <fstream>

using namespace penstock;
using testing::chat_fixture;
using testing::lines_of;
using testing::planted_key;
using testing::run_tool;
using testing::tool_call;
using testing::tool_result;

namespace {

bool holds(const std::string& text, const std::string& piece) {
  return text.find(piece) != text.npos;
}

/// One line on standard error that has all of `pieces`, and no key anywhere.
void check_line(const tool_result& got, int code,
                const std::vector<std::string>& pieces) {
  BOOST_TEST(got.code == code, got.err);
  BOOST_TEST(got.out == "");
  BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
  BOOST_TEST(got.err.starts_with("penstock: "), got.err);
  for (const auto& piece : pieces)
    BOOST_TEST(holds(got.err, piece), piece << " is not in: " << got.err);
  BOOST_TEST(!holds(got.out + got.err, planted_key), got.err);
}

/// The same call with --json: the error is in the last event too.
void check_event(tool_call call, const std::string& error_class) {
  call.arguments.insert(call.arguments.begin() + 1, "--json");
  const auto got = run_tool(call);
  BOOST_TEST(got.code == 1, got.err);
  BOOST_REQUIRE(!got.out.empty());
  const auto last = parse_ordered_json(lines_of(got.out).back()).value();
  BOOST_TEST(last.at("event") == "stream_error");
  BOOST_TEST(last.at("error_class") == error_class);
  BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
  BOOST_TEST(!holds(got.out + got.err, planted_key));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(errors, chat_fixture)

BOOST_AUTO_TEST_CASE(each_http_error_fails_the_stream_with_its_class) {
  const struct {
    int status;
    const char* type;
    const char* error_class;
  } rows[] = {
    {400, "invalid_request_error", "invalid_request"},
    {401, "invalid_api_key", "authentication"},
    {403, "forbidden", "permission"},
    {404, "model_not_found", "model_not_found"},
    {429, "insufficient_quota", "quota"},
    {429, "rate_limit_exceeded", "rate_limit"},
    {500, "server_error", "server_error"},
    {503, "overloaded_error", "overloaded"},
  };
  for (const auto& row : rows) {
    // The provider quotes the key, as some do.
    serve(http_script{error_answer("openai-chat", row.status, row.type,
                                   std::string{"Sorry, "} + planted_key
                                     + "\n\x1B[31mis wrong")});
    const auto call = chat({"--set", "max_attempts_per_model=1", "Hi"});
    check_line(run_tool(call), 1,
               {row.error_class, std::to_string(row.status), "Sorry, "});
    check_event(call, row.error_class);
    BOOST_TEST(!holds(run_tool(call).err, "\x1B"));
  }
}

BOOST_AUTO_TEST_CASE(a_page_of_html_is_no_stream) {
  serve(http_script{html_answer()});
  const auto call = chat({"Hi"});
  check_line(run_tool(call), 1, {"protocol", "check the base URL"});
  check_event(call, "protocol");
}

BOOST_AUTO_TEST_CASE(a_retry_is_told_to_who_wants_to_know) {
  const auto script =
    http_script{}.in_turn({error_answer("openai-chat", 500, "server_error",
                                        std::string{"Oops "} + planted_key),
                           openai_chat_answer(scripted_turn{}.text("Fine"))});
  serve(script);
  auto call = chat({"--set", "backoff_base_ms=1", "Hi"});
  auto got = run_tool(call);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Fine\n");
  BOOST_TEST(got.err == "");
  serve(script);
  call = chat({"--verbose", "--set", "backoff_base_ms=1", "Hi"});
  got = run_tool(call);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Fine\n");
  BOOST_TEST(holds(got.err, "server_error; trying again"), got.err);
  BOOST_TEST(!holds(got.err, planted_key), got.err);
}

BOOST_AUTO_TEST_CASE(who_tries_again_and_again_fails_in_one_line) {
  serve(http_script{error_answer("openai-chat", 500, "server_error", "Oops")});
  const auto call =
    chat({"--set", "backoff_base_ms=1", "--set", "max_attempts_per_model=2",
          "--fallback", "openai:n", "Hi"});
  check_line(run_tool(call), 1, {"server_error", "HTTP 500", "openai:n"});
  BOOST_TEST(server->log().answers.size() == 4u);
}

BOOST_AUTO_TEST_CASE(who_cannot_be_reached_is_a_network_error) {
  serve(scripted_turn{}.text("never"));
  const auto call = chat({"--set", "max_attempts_per_model=1", "Hi"});
  server.reset(); // Nobody listens there now.
  check_line(run_tool(call), 1, {"network", "127.0.0.1"});
  check_event(call, "network");
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_named_and_nothing_is_sent) {
  serve(scripted_turn{}.text("never"));
  const struct {
    const char* model;
    const char* variable;
  } rows[] = {{"openai:m", "OPENAI_API_KEY"},
              {"anthropic:m", "ANTHROPIC_API_KEY"},
              {"deepseek:m", "DEEPSEEK_API_KEY"}};
  for (const auto& row : rows) {
    auto call = chat({"Hi"});
    call.environment.clear();
    for (auto& argument : call.arguments)
      if (argument == "openai:m")
        argument = row.model;
    check_line(run_tool(call), 2, {row.variable});
    call.arguments.insert(call.arguments.begin() + 1, "--json");
    check_line(run_tool(call), 2, {row.variable});
  }
  BOOST_TEST(server->log().connections.empty());
}

BOOST_AUTO_TEST_CASE(a_fallback_that_cannot_be_called_is_named) {
  serve(http_script{error_answer("openai-chat", 403, "forbidden", "No")});
  auto call = chat({"--fallback", "deepseek:d", "Hi"});
  const auto got = run_tool(call);
  BOOST_TEST(got.code == 1, got.err);
  BOOST_TEST(holds(got.err, "deepseek:d"), got.err);
  BOOST_TEST(holds(got.err, "openai:m"), got.err);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_ones_own_needs_its_authority) {
  const testing::test_certificate certificate;
  serve(http_script{openai_chat_answer(scripted_turn{}.text("Safe"))},
        {.tls = certificate.files()});
  auto call = chat({"--set", "max_attempts_per_model=1", "Hi"});
  // None of these may switch it off.
  for (const auto* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"})
    call.environment.emplace_back(name, certificate.ca_file());
  check_line(run_tool(call), 1, {"network", "ca_file"});
  check_event(call, "network");
  BOOST_TEST(server->log().answers.empty());
  auto trusting = chat({"--set", "ca_file=" + certificate.ca_file(), "Hi"});
  auto got = run_tool(trusting);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Safe\n");
  const auto path = (certificate.directory() / "penstock.json").string();
  std::ofstream{path} << R"({"options": {"ca_file": ")" << certificate.ca_file()
                      << "\"}}";
  got = run_tool(chat({"--config", path, "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed) {
  http_answer elsewhere = html_answer(302);
  elsewhere.headers.emplace_back("location", "http://127.0.0.1:1/v1");
  serve(http_script{elsewhere});
  check_line(run_tool(chat({"Hi"})), 1, {"HTTP 302"});
  BOOST_TEST(server->log().answers.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
