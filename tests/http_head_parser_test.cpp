// Goal: a head is read as RFC 9112 says, and nothing a server sends grows
// beyond the limit or passes for a head.
// Method: a table of blocks of lines.
#define BOOST_TEST_MODULE http_head_parser
#include <boost/test/unit_test.hpp>

#include "providers/http_head_parser.hpp"

#include <random>
#include <string>
#include <vector>

using namespace penstock;
using outcome = http_head_parser::outcome;

namespace {

/// "200 name=value name=value", or why there is none.
std::string parse(const std::vector<std::string>& lines,
                  std::size_t bytes_max = 1'000) {
  http_head_parser parser{bytes_max};
  for (const auto& line : lines)
    switch (parser.take(line)) {
    case outcome::complete: {
      const auto head = parser.head();
      auto text = std::to_string(head.status);
      for (const auto& [name, value] : head.headers)
        text += " " + name + "=" + value;
      return text;
    }
    case outcome::too_large:
      return "too large";
    case outcome::malformed:
      return "malformed";
    case outcome::more:
    case outcome::ignored:
      break;
    }
  return "more";
}

struct row {
  const char* why;
  std::vector<std::string> lines;
  const char* want;
};

const row table[] = {
  {"plain", {"HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"}, "200 a=b"},
  {"no reason", {"HTTP/2 404 \r\n", "\r\n"}, "404"},
  {"no reason, no blank", {"HTTP/1.1 404\r\n", "\r\n"}, "404"},
  {"LF alone", {"HTTP/1.1 200 OK\n", "A: b\n", "\n"}, "200 a=b"},
  {"blanks go", {"HTTP/1.1 200\r\n", "A:\t b c \r\n", "\r\n"}, "200 a=b c"},
  {"empty value", {"HTTP/1.1 200\r\n", "A:\r\n", "\r\n"}, "200 a="},
  {"colon in value", {"HTTP/1.1 200\r\n", "A: b:c\r\n", "\r\n"}, "200 a=b:c"},
  {"twice",
   {"HTTP/1.1 200\r\n", "A: b\r\n", "A: c\r\n", "\r\n"},
   "200 a=b a=c"},
  {"folded", {"HTTP/1.1 200\r\n", "A: b\r\n", "  c\r\n", "\r\n"}, "200 a=b c"},
  {"fold of nothing", {"HTTP/1.1 200\r\n", " c\r\n", "\r\n"}, "200"},
  {"no colon", {"HTTP/1.1 200\r\n", "what\r\n", ": x\r\n", "\r\n"}, "200"},
  {"interim",
   {"HTTP/1.1 100 C\r\n", "X: y\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "A: b\r\n",
    "\r\n"},
   "200 a=b"},
  {"switching", {"HTTP/1.1 101 S\r\n", "\r\n"}, "101"},
  {"a block replaces one that had no end",
   {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "HTTP/1.1 500 E\r\n", "\r\n"},
   "500"},
  {"no end", {"HTTP/1.1 200 OK\r\n", "A: b\r\n"}, "more"},
  {"no status line", {"A: b\r\n", "\r\n"}, "malformed"},
  {"nothing", {"\r\n"}, "malformed"},
  {"letters", {"HTTP/1.1 abc\r\n"}, "malformed"},
  {"too short", {"HTTP/1.1 20\r\n"}, "malformed"},
  {"too low", {"HTTP/1.1 099 X\r\n"}, "malformed"},
  {"negative", {"HTTP/1.1 -20 X\r\n"}, "malformed"},
  {"no status", {"HTTP/1.1\r\n"}, "malformed"},
};

} // namespace

BOOST_AUTO_TEST_CASE(reads_the_table) {
  for (const auto& [why, lines, want] : table)
    BOOST_TEST_CONTEXT(why)
  BOOST_TEST(parse(lines) == want);
}

BOOST_AUTO_TEST_CASE(all_lines_together_are_limited) {
  const std::vector<std::string> lines{"HTTP/1.1 200 OK\r\n", "A: b\r\n",
                                       "\r\n"}; // 17 + 6 + 2 bytes
  BOOST_TEST(parse(lines, 25) == "200 a=b");
  BOOST_TEST(parse(lines, 24) == "too large");
  BOOST_TEST(parse(lines, 22) == "too large");
}

BOOST_AUTO_TEST_CASE(trailers_are_ignored_and_limited) {
  http_head_parser parser{100};
  BOOST_TEST((parser.take("HTTP/1.1 200 OK\r\n") == outcome::more));
  BOOST_TEST((parser.take("\r\n") == outcome::complete));
  BOOST_TEST((parser.take("X-Trailer: t\r\n") == outcome::ignored));
  BOOST_TEST((parser.take("HTTP/1.1 500 E\r\n") == outcome::ignored));
  BOOST_TEST((parser.take(std::string(100, 'x')) == outcome::too_large));
}

BOOST_AUTO_TEST_CASE(any_bytes_are_survived) {
  std::minstd_rand random{11};
  const std::string alphabet("HTTP/1. 200:\t\r\n\0\xff"
                             "ab",
                             19);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> lines{"HTTP/1.1 200 OK\r\n"};
    for (int i = 0; i < 4; ++i) {
      std::string line;
      for (auto left = random() % 12; left > 0; --left)
        line += alphabet[random() % alphabet.size()];
      lines.push_back(line);
    }
    BOOST_REQUIRE(!parse(lines).empty());
  }
}
