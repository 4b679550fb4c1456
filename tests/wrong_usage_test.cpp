// Goal: every wrong command line ends with exit code 2 (1 if it is the stream
// that fails) and one line on standard error that says what to do; nothing is
// printed, nothing is sent, no key is shown.
// Method: a table of command lines, run by the real binary.
#define BOOST_TEST_MODULE wrong_usage
#include <boost/test/unit_test.hpp>

#include "tests/support/usage_fixture.hpp"

using namespace penstock;
using testing::chat_row;
using testing::planted_key;
using testing::run_tool;
using testing::usage_fixture;
using testing::words;
using testing::wrong_call;

BOOST_FIXTURE_TEST_SUITE(usage, usage_fixture)

BOOST_AUTO_TEST_CASE(of_the_tool) {
  check_all({
    {{}, {"chat", "classify", "decode", "demo", "--help"}},
    {{"talk"}, {"\"talk\"", "chat", "--help"}},
    {{""}, {"chat", "--help"}},
    {{"--colour"}, {"--colour", "--help"}},
    {{"--json", "chat"}, {"--json", "--help"}},
    {{"\xE2\x82\x1B[2J"}, {"--help"}},
    {{planted_key}, {"--help"}},
    {{std::string(100'000, 'x')}, {"--help"}},
  });
}

BOOST_AUTO_TEST_CASE(of_chat) {
  check_all({
    {{"chat", "Hi"}, {"--model"}},
    {{"chat", "--model", "", "Hi"}, {"--model"}},
    {{"chat", "--model", "openai", "Hi"}, {"openai", "PROVIDER:MODEL"}},
    {{"chat", "--model", "openai:", "Hi"}, {"PROVIDER:MODEL"}},
    {{"chat", "--model", ":m", "Hi"}, {"PROVIDER:MODEL"}},
    {{"chat", "--model"}, {"--model", "--help"}},
    {{"chat", "--model", "a:b", "--model", "c:d", "Hi"}, {"--model", "--help"}},
    {{"chat", "--model", "nosuch:m", "Hi"}, {"nosuch", "openai"}},
    {{"chat", "--model", "opnai:m", "Hi"}, {"opnai", "openai"}},
    {{"chat", "--model", "deepseek:m", "Hi"}, {"DEEPSEEK_API_KEY"}},
    {{"chat", "--model", "x\xFF\x1B[2J:m", "Hi"}, {"openai"}},
    chat_row({}, {"prompt"}),
    chat_row({""}, {"prompt"}),
    chat_row({" \n\t"}, {"prompt"}),
    chat_row({"-"}, {"prompt"}),
    chat_row({"two", "words"}, {"words", "--help"}),
    chat_row({"-why?"}, {"-why?", "--help"}),
    chat_row({planted_key, "x", planted_key}, {"--help"}),
    chat_row({"--fallback", planted_key, "Hi"}, {"--fallback"}),
    chat_row({"--set", planted_key, "Hi"}, {"--set"}),
    chat_row({"--set", "xyzzy=1", "Hi"}, {"xyzzy", "penstock chat --help"}),
    chat_row({"--colour", "Hi"}, {"--colour", "--help"}),
    chat_row({"--json=perhaps", "Hi"}, {"--json", "--help"}),
    chat_row({"--fallback", "x", "Hi"}, {"--fallback", "x", "PROVIDER:MODEL"}),
    chat_row({"--workspace", "", "Hi"}, {"--workspace", "empty"}),
    chat_row({"--workspace", std::string(300, 'w'), "Hi"}, {"workspace"}),
    chat_row({"--api", "smoke-signals", "Hi"},
             {"smoke-signals", "openai-chat", "anthropic-messages"}),
    chat_row({"--store", "<dir>/none/a.db", "Hi"}, {"none/a.db"}),
    chat_row({"--base-url", "", "Hi"}, {"--base-url", "empty"}),
    chat_row({"--api", "", "Hi"}, {"--api", "empty"}),
    chat_row({"--store", "", "Hi"}, {"--store", "empty"}),
  });
}

BOOST_AUTO_TEST_CASE(of_what_reads_a_store) {
  for (const std::string command : {"history", "resume", "usage"})
    check_all({
      {{command}, {"--store"}},
      {{command, "--store", "<dir>/none.db"}, {"none.db"}},
      {{command, "--colour"}, {"--colour", "--help"}},
    });
  check_all({
    {{"store"}, {"verify", "dump", "--help"}},
    {{"store", "verify"}, {"FILE"}},
    {{"store", "verify", "<dir>/none.db"}, {"none.db"}},
    {{"store", "dump", "<dir>/none.db"}, {"none.db"}},
  });
}

BOOST_AUTO_TEST_CASE(of_addresses) {
  for (const std::string url :
       {"not a url", "http://", "://x", "example.com/v1", "ftp://127.0.0.1/",
        "file:///etc/passwd", "http://127.0.0.1:99999/", "http://[::1/v1",
        "http://u:geheim@127.0.0.1/", "http://127.0.0.1/\r\nX: y",
        "http://example.com/v1", "http://127.0.0.1.example.com/v1",
        "http://localhost.example.com/", "\xFF\xFE"})
    check_all({chat_row({"--base-url", url, "Hi"}, {"--base-url: base_url"})});
  check_all({chat_row({"--base-url", "http://example.com/v1", "Hi"},
                      {"https", "allow_plain_http"})});
}

BOOST_AUTO_TEST_CASE(of_decode) {
  check_all({
    {{"decode"}, {"FILE", "--help"}},
    {{"decode", "<dir>/body"}, {"--api", "--sse"}},
    {{"decode", "--api", "nosuch", "<dir>/body"}, {"nosuch", "openai-chat"}},
    {{"decode", "--api", "openai-chat", "<dir>/none"},
     {"none", "No such file"}},
    {{"decode", "--api", "openai-chat", "<dir>"}, {"directory"}},
    {{"decode", "--api", "openai-chat", ""}, {"name a file"}},
    {{"decode", "--api", "openai-chat", "<dir>/body/x"}, {"Not a directory"}},
    {{"decode", "--sse", "<dir>/body", "more"}, {"more", "--help"}},
    {{"decode", "--sse", "--chunk-bytes", "0", "<dir>/body"},
     {"--chunk-bytes"}},
    {{"decode", "--sse", "--chunk-bytes", "-1", "<dir>/body"},
     {"--chunk-bytes"}},
    {{"decode", "--sse", "--chunk-bytes", "abc", "<dir>/body"},
     {"--chunk-bytes"}},
    {{"decode", "--sse", "--chunk-bytes", "99999999999999999999", "<dir>/body"},
     {"--chunk-bytes"}},
    {{"decode", "--sse", "--chunk-bytes"}, {"--chunk-bytes"}},
  });
}

BOOST_AUTO_TEST_CASE(of_classify) {
  const words start{"classify", "--api", "openai-chat", "--status"};
  const auto classify = [&](words rest, words pieces) {
    words line = start;
    line.insert(line.end(), rest.begin(), rest.end());
    return wrong_call{std::move(line), std::move(pieces)};
  };
  check_all({
    {{"classify"}, {"--help"}},
    {{"classify", "--status", "400", "<dir>/body"}, {"--api", "--help"}},
    {{"classify", "--api", "openai-chat", "<dir>/body"},
     {"--status", "--help"}},
    {{"classify", "--api", "nosuch", "--status", "400", "<dir>/body"},
     {"nosuch", "openai-chat"}},
    classify({"abc", "<dir>/body"}, {"--status", "abc"}),
    classify({"0", "<dir>/body"}, {"--status"}),
    classify({"1000", "<dir>/body"}, {"--status"}),
    classify({"-400", "<dir>/body"}, {"--status"}),
    classify({"400"}, {"FILE", "--help"}),
    classify({"400", "<dir>/none"}, {"none", "No such file"}),
    classify({"400", "<dir>"}, {"directory"}),
    classify({"400", "--header", "no colon", "<dir>/body"},
             {"--header", "Name:"}),
    classify({"400", "--header", ": v", "<dir>/body"}, {"--header"}),
    classify({"400", "--header", "a b: v", "<dir>/body"}, {"--header"}),
    classify({"400", "--header", "a: b\r\nc: d", "<dir>/body"}, {"--header"}),
    classify({"400", "--header", "a\n: b", "<dir>/body"}, {"--header"}),
    classify({"400", "--header", std::string{"x-api-key "} + planted_key,
              "<dir>/body"},
             {"--header"}),
    classify({"400", "--header"}, {"--header", "--help"}),
  });
}

BOOST_AUTO_TEST_CASE(of_demo) {
  check_all({
    {{"demo", "--speed", "0"}, {"--speed", "0.1"}},
    {{"demo", "--speed", "nan"}, {"--speed"}},
    {{"demo", "--speed", "fast"}, {"--speed"}},
    {{"demo", "--speed", "21"}, {"--speed", "20"}},
    {{"demo", "--speed"}, {"--speed"}},
    {{"demo", "now"}, {"now", "--help"}},
    {{"demo", "--colour"}, {"--colour", "--help"}},
  });
}

BOOST_AUTO_TEST_CASE(a_name_that_is_nobodys_is_a_network_error) {
  auto call = call_of(chat_row({"--base-url", "https://nobody.invalid/v1",
                                "--set", "max_attempts_per_model=1", "--set",
                                "connect_timeout_ms=2000", "Hi"},
                               {}));
  const auto got = run_tool(call);
  check(got, {{}, {"nobody.invalid"}}, 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent) {
  serve(scripted_turn{}.text("never"));
  check_all({
    chat_row({"--base-url", server->url("/v1"), "--fallback", "x", "Hi"},
             {"--fallback"}),
    chat_row({"--base-url", server->url("/v1"), "--set", "x=1", "Hi"},
             {"--set"}),
    chat_row(
      {"--base-url", server->url("/v1"), "--system", std::string(10, ' '), " "},
      {"prompt"}),
    {{"chat", "--base-url", server->url("/v1"), "--model", "deepseek:m", "Hi"},
     {"DEEPSEEK_API_KEY"}},
  });
  BOOST_TEST(server->log().connections.empty());
}

BOOST_AUTO_TEST_SUITE_END()
