// Goal: the lines of a body come out whole and once, however it is cut. Method:
// a table of (body, lines), run at several fragment sizes; then random bodies,
// compared with the whole run.
#define BOOST_TEST_MODULE ndjson_decoder
#include <boost/test/unit_test.hpp>

#include "providers/ndjson_decoder.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace std::string_literals;

namespace {

using lines = std::vector<std::string>;

lines decode(std::string_view body, std::size_t fragment_bytes,
             penstock::ndjson_decoder decoder = penstock::ndjson_decoder{}) {
  lines result;
  std::string_view line;
  while (!body.empty()) {
    const auto size = std::min(fragment_bytes, body.size());
    // A copy that ends with the push: a view kept into it would show.
    decoder.push(std::string{body.substr(0, size)});
    body.remove_prefix(size);
    while (decoder.next(line))
      result.emplace_back(line);
  }
  if (decoder.last(line))
    result.push_back("last " + std::string{line});
  if (decoder.failure().code != penstock::errc::none)
    result.push_back(decoder.failure().message);
  return result;
}

struct row {
  const char* why;
  std::string body;
  lines want;
};

// clang-format off
const row table[] = {
  {"LF", "{}\n{}\n", {"{}", "{}"}},
  {"CRLF", "{}\r\n{}\r\n", {"{}", "{}"}},
  {"a lone CR is no line end", "{}\r{}\n", {"{}\r{}"}},
  {"only one CR belongs to the end", "{}\r\r\n", {"{}\r"}},
  {"blank lines", "\n\r\n \t\n{}\n\n\r\r\n{}\n\n", {"{}", "{}"}},
  {"white space around a value stays", " {} \n", {" {} "}},
  {"no line end after the last", "{}\n{\"a\"", {"{}", "last {\"a\""}},
  {"a CR without its LF", "{}\r", {"last {}\r"}},
  {"nothing but white space behind the last", "{}\n \r", {"{}"}},
  {"a byte order mark", "\xEF\xBB\xBF{}\n", {"{}"}},
  {"a mark, no line end", "\xEF\xBB\xBF{}", {"last {}"}},
  {"a mark and a blank line", "\xEF\xBB\xBF\r\n{}\n", {"{}"}},
  {"two marks", "\xEF\xBB\xBF\xEF\xBB\xBF{}\n", {"\xEF\xBB\xBF{}"}},
  {"a mark later", "{}\n\xEF\xBB\xBF{}\n", {"{}", "\xEF\xBB\xBF{}"}},
  {"half a mark", "\xEF\xBB\n", {"\xEF\xBB"}},
  {"any bytes", "\0\xFF\n"s, {"\0\xFF"s}},
  {"nothing", "", {}},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(decodes_the_table_at_every_fragment_size) {
  for (const auto& [why, body, want] : table)
    for (std::size_t fragment_bytes : {1, 2, 3, 5, 1000}) {
      BOOST_TEST_INFO(why << ", fragments of " << fragment_bytes);
      BOOST_TEST(decode(body, fragment_bytes) == want,
                 boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(limits_a_line_and_names_the_limit) {
  const lines fits{"12345678", "last 12345678"};
  const lines cut{"a", "a line exceeds ndjson_line_bytes_max (8 bytes)"};
  for (std::size_t fragment_bytes : {1, 2, 3, 5, 1000}) {
    BOOST_TEST_INFO("fragments of " << fragment_bytes);
    const auto run = [&](std::string_view body) {
      return decode(body, fragment_bytes, penstock::ndjson_decoder{8});
    };
    BOOST_TEST(run("12345678\n12345678") == fits,
               boost::test_tools::per_element());
    BOOST_TEST(run("a\n123456789\nb\n") == cut,
               boost::test_tools::per_element());
    BOOST_TEST(run("a\n12345678\r\n") == cut, boost::test_tools::per_element());
    BOOST_TEST(run("a\n123456789") == cut, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(the_usual_limit_is_that_of_the_limits) {
  using penstock::limits::ndjson_line_bytes_max;
  penstock::ndjson_decoder decoder;
  std::string_view line;
  decoder.push(std::string(ndjson_line_bytes_max, 'x') + '\n');
  BOOST_TEST(decoder.next(line));
  BOOST_TEST(line.size() == ndjson_line_bytes_max);
  decoder.push(std::string(ndjson_line_bytes_max + 1, 'x'));
  BOOST_TEST(!decoder.next(line));
  BOOST_TEST(to_string(decoder.failure().code) == "protocol");
}

BOOST_AUTO_TEST_CASE(an_error_is_the_last_word) {
  penstock::ndjson_decoder decoder{4};
  std::string_view line = "untouched";
  decoder.push("12345\n{}\n");
  BOOST_TEST(!decoder.next(line));
  decoder.push("{}\n{}");
  BOOST_TEST(!decoder.next(line));
  BOOST_TEST(!decoder.last(line));
  BOOST_TEST(line == "untouched");
}

BOOST_AUTO_TEST_CASE(cuts_do_not_change_the_result) {
  std::minstd_rand random{11}; // Fixed: a failure repeats as it is.
  const std::string alphabet[] = {"{}",   "\n",           "\r", "\r\n", " ",
                                  "1234", "\xEF\xBB\xBF", "\t", "\0"s,  "\xE2"};
  for (int round = 0; round < 4000; ++round) {
    std::string body;
    for (int i = 0; i < 30; ++i)
      body += alphabet[random() % std::size(alphabet)];
    const penstock::ndjson_decoder fresh{round % 2 == 0 ? 12u : 1000u};
    const auto want = decode(body, body.size(), fresh);
    BOOST_TEST_INFO("round " << round);
    BOOST_TEST(decode(body, 1 + random() % 9, fresh) == want,
               boost::test_tools::per_element());
  }
}
