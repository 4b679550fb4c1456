// Goal: each request gets the answer of the first rule that wants it and is
// not used up; a hole in a script shows; cuts lose no byte.
// Method: small scripts, asked directly.
#define BOOST_TEST_MODULE http_script
#include <boost/test/unit_test.hpp>

#include "providers/http_script.hpp"

#include <random>
#include <string>

using namespace penstock;

namespace {

http_answer status(int code) {
  http_answer answer;
  answer.status = code;
  return answer;
}

int ask(http_script& script, std::string url = "http://h/p",
        std::string body = {}) {
  http_request request;
  request.url = std::move(url);
  request.body = std::move(body);
  return script.answer(request).status;
}

std::string joined(const std::vector<body_piece>& pieces) {
  std::string all;
  for (const auto& piece : pieces)
    all += piece.bytes;
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_first_rule_that_matches_answers) {
  http_script script;
  script.on({.url_contains = "openai"}, status(201))
    .on({.model_contains = "claude"}, status(202))
    .on({.body_contains = "needle"}, status(203))
    .on({.where = [](auto& r) { return r.method == "GET"; }}, status(204))
    .on({}, status(205));
  BOOST_TEST(ask(script, "https://api.openai.com/") == 201);
  BOOST_TEST(ask(script, "http://h", R"({"model":"claude-x"})") == 202);
  BOOST_TEST(ask(script, "http://h/models/claude-x:stream") == 202);
  BOOST_TEST(ask(script, "http://h", R"({"text":"claude needle"})") == 203);
  BOOST_TEST(ask(script, "http://h", R"({"model":7})") == 205);
  BOOST_TEST(ask(script, "http://h", "{not json") == 205);
  http_request get;
  get.method = "GET";
  BOOST_TEST(script.answer(get).status == 204);
}

BOOST_AUTO_TEST_CASE(rules_skip_and_are_used_up) {
  http_script script;
  script.on({.skip = 1, .times = 2}, status(201)).on({}, status(202));
  BOOST_TEST(ask(script) == 202);
  BOOST_TEST(ask(script) == 201);
  BOOST_TEST(ask(script) == 201);
  BOOST_TEST(ask(script) == 202);
}

BOOST_AUTO_TEST_CASE(answers_come_in_turn_and_the_last_one_stays) {
  http_script script;
  script.in_turn({status(201), status(202)});
  BOOST_TEST(ask(script) == 201);
  BOOST_TEST(ask(script) == 202);
  BOOST_TEST(ask(script) == 202);
}

BOOST_AUTO_TEST_CASE(a_maker_gets_the_number_within_its_rule) {
  http_script script;
  script.on({.url_contains = "/a", .skip = 1}, [](auto&, std::size_t number) {
    return status(200 + static_cast<int>(number));
  });
  BOOST_TEST(ask(script, "http://h/a") == 400);
  BOOST_TEST(ask(script, "http://h/a") == 200);
  BOOST_TEST(ask(script, "http://h/b") == 400);
  BOOST_TEST(ask(script, "http://h/a") == 201);
}

BOOST_AUTO_TEST_CASE(a_hole_in_a_script_shows) {
  http_script script;
  const auto answer = script.answer({});
  BOOST_TEST(answer.status == 400);
  BOOST_TEST((answer.body.at(0).bytes.find("no rule") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(cuts_lose_no_byte) {
  std::minstd_rand random{3};
  for (int round = 0; round < 500; ++round) {
    const std::string body(random() % 50, 'x');
    const auto bytes = 1 + random() % 9;
    const auto pieces = cut_evenly(body, bytes);
    BOOST_TEST(joined(pieces) == body);
    BOOST_TEST(pieces.size() == (body.size() + bytes - 1) / bytes);
    std::vector<std::size_t> offsets(random() % 5);
    for (auto& offset : offsets)
      offset = random() % 60;
    std::sort(offsets.begin(), offsets.end());
    BOOST_TEST(joined(cut_at(body, offsets)) == body);
  }
  const auto pieces = cut_at("abcdef", {2, 2, 5, 99});
  BOOST_REQUIRE(pieces.size() == 3u);
  BOOST_TEST(pieces[0].bytes == "ab");
  BOOST_TEST(pieces[1].bytes == "cde");
  BOOST_TEST(pieces[2].bytes == "f");
}
