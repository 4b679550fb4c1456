// Goal: an event stream decodes to the same events however the network cuts it.
// Method: a table of (body, events), each run at several fragment sizes, pushed
// and lent; then bodies with random bytes and cuts, compared with the uncut
// run.
#define BOOST_TEST_MODULE sse_decoder
#include <boost/test/unit_test.hpp>

#include "providers/sse_decoder.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::string_literals;
using events = std::vector<std::string>; // "type|data|id"

std::string shown(const penstock::sse_event& e) {
  auto text = std::string{e.type} + "|" + std::string{e.data};
  return e.last_event_id.empty() ? text
                                 : text + "|" + std::string{e.last_event_id};
}

// Each `lend_every`th fragment is lent; 0: none.
events decode_by(std::size_t lend_every, std::string_view body,
                 std::size_t fragment_bytes, penstock::sse_decoder decoder,
                 bool flush) {
  events result;
  penstock::sse_event event;
  std::vector<std::uint64_t> retries;
  for (std::size_t at = 0; at < body.size(); at += fragment_bytes) {
    // A copy that dies: the decoder must not look back at it.
    auto copy = std::make_unique<std::string>(body.substr(at, fragment_bytes));
    if (lend_every && at / fragment_bytes % lend_every == 0) {
      decoder.lend(*copy);
    } else {
      decoder.push(*copy);
      copy.reset();
    }
    while (decoder.next(event, &retries))
      result.push_back(shown(event));
  }
  const auto cut = decoder.mid_event();
  if (flush && decoder.flush_at_end(event))
    result.push_back(shown(event));
  for (auto ms : retries)
    result.push_back("retry " + std::to_string(ms));
  if (decoder.failure().code != penstock::errc::none)
    result.push_back("error");
  else if (cut)
    result.push_back("cut");
  return result;
}

events decode(std::string_view body, std::size_t fragment_bytes,
              const penstock::sse_decoder& decoder = penstock::sse_decoder{},
              bool flush = false) {
  const auto pushed = decode_by(0, body, fragment_bytes, decoder, flush);
  for (const std::size_t lend_every : {1, 2})
    BOOST_TEST(decode_by(lend_every, body, fragment_bytes, decoder, flush)
                 == pushed,
               "lent, fragments of " << fragment_bytes << ": " << body);
  return pushed;
}

struct row {
  const char* why;
  std::string body;
  events want;
};

// clang-format off
const row table[] = {
  {"one event", "data: a\n\n", {"|a"}},
  {"typed event", "event: delta\ndata: a\n\n", {"delta|a"}},
  {"type after data", "data: a\nevent: delta\n\n", {"delta|a"}},
  {"type is reset", "event: x\ndata: a\n\ndata: b\n\n", {"x|a", "|b"}},
  {"type is reset without data", "event: x\n\ndata: b\n\n", {"|b"}},
  {"data lines join", "data: a\ndata: b\n\n", {"|a\nb"}},
  {"empty data lines join", "data\ndata\ndata:\n\n", {"|\n\n"}},
  {"CRLF, CR and LF", "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
   {"|a", "|b", "|c"}},
  {"CRLF is one line end", "data: a\r\ndata: b\r\n\r\n", {"|a\nb"}},
  {"LF CR is two line ends", "data: a\n\rdata: b\n\n", {"|a", "|b"}},
  {"a final CR ends the line", "data: a\r\r", {"|a"}},
  {"one space is syntax", "data:  a\n\n", {"| a"}},
  {"a tab is payload", "data:\ta\n\n", {"|\ta"}},
  {"keep-alive comment", ": ping\n\ndata: a\n\n", {"|a"}},
  {"comment between data lines", "data: a\n: ping\ndata: b\n\n", {"|a\nb"}},
  {"no data, no event", "event: ping\n\n", {}},
  {"empty data is data", "data\n\n", {"|"}},
  {"unknown field", "x: y\nData: b\n data: c\ndata: a\n\n", {"|a"}},
  {"id lasts", "id: 1\ndata: a\n\ndata: b\n\n", {"|a|1", "|b|1"}},
  {"id without data", "id: 1\n\ndata: b\n\n", {"|b|1"}},
  {"id after data", "data: a\nid: 1\n\n", {"|a|1"}},
  {"empty id resets", "id: 1\ndata: a\n\nid\ndata: b\n\n", {"|a|1", "|b"}},
  {"id with NUL is ignored", "id: 1\n\nid: 2\0\ndata: b\n\n"s, {"|b|1"}},
  {"retry", "retry: 50\nretry:007\n\n", {"retry 50", "retry 7"}},
  {"not a retry", "retry\nretry: +5\nretry: 5 \nretry: 0x1\n\n", {}},
  {"retry beyond all bounds", "retry: 99999999999999999999\n\n",
   {"retry 18446744073709551615"}},
  {"NUL is data", "data: \0\n\n"s, {"|\0"s}},
  {"byte order mark", "\xEF\xBB\xBF" "data: a\n\n", {"|a"}},
  {"mark before a blank line", "\xEF\xBB\xBF\ndata: a\n\n", {"|a"}},
  {"only one mark", "\xEF\xBB\xBF\xEF\xBB\xBF" "data: a\n\n", {}},
  {"mark in the middle", "data: a\n\n\xEF\xBB\xBF" "data: b\n\n", {"|a"}},
  {"UTF-8 survives cuts", "data: \xE2\x82\xAC\n\n", {"|\xE2\x82\xAC"}},
  {"broken UTF-8 is not ours to judge", "data: \xFF\n\n", {"|\xFF"}},
  {"cut in a line", "data: a\n\ndata: b", {"|a", "cut"}},
  {"cut before the blank line", "data: a\n\ndata: b\n", {"|a", "cut"}},
  {"cut after the type", "event: a\n", {"cut"}},
  {"not an event stream", "<html>\n<body>\n\n", {}},
  {"nothing", "", {}},
};

const row flush_table[] = {
  {"whole", "data: a\n\n", {"|a"}},
  {"no blank line", "event: x\ndata: a\ndata: b\n", {"x|a\nb", "cut"}},
  {"no line end", "event: x\ndata: a", {"x|a", "cut"}},
  {"no line end, CR before", "data: a\r\ndata: b", {"|a\nb", "cut"}},
  {"a cut type is not a type", "data: a\nevent: x", {"|a", "cut"}},
  {"a cut field name", "data: a\nda", {"|a", "cut"}},
  {"mark, no line end", "\xEF\xBB\xBF" "data: a", {"|a", "cut"}},
  {"type only", "event: x\n", {"cut"}},
  {"comment only", ": x", {"cut"}},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(decodes_the_table_at_every_fragment_size) {
  for (const auto& [why, body, want] : table) {
    for (std::size_t fragment_bytes : {1, 2, 3, 5, 7, 1000}) {
      BOOST_TEST_INFO(why << ", fragments of " << fragment_bytes);
      BOOST_TEST(decode(body, fragment_bytes) == want,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(flushes_only_a_block_that_lacks_its_end) {
  for (const auto& [why, body, want] : flush_table) {
    for (std::size_t fragment_bytes : {1, 2, 3, 5, 7, 1000}) {
      BOOST_TEST_INFO(why << ", fragments of " << fragment_bytes);
      BOOST_TEST(decode(body, fragment_bytes, penstock::sse_decoder{}, true)
                   == want,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(limits_one_line_and_one_event_and_names_them) {
  const auto run = [](const std::string& body, std::size_t fragment_bytes) {
    penstock::sse_decoder decoder{16, 12};
    penstock::sse_event event;
    std::size_t events = 0;
    for (std::size_t at = 0; at < body.size(); at += fragment_bytes) {
      decoder.push(std::string_view{body}.substr(at, fragment_bytes));
      while (decoder.next(event))
        ++events;
    }
    const auto& message = decoder.failure().message;
    return std::to_string(events)
           + (message.find("sse_line_bytes_max") != message.npos    ? " line"
              : message.find("sse_event_bytes_max") != message.npos ? " event"
                                                                    : "");
  };
  for (std::size_t fragment_bytes : {1, 3, 1000}) {
    const auto at_limit = "data:" + std::string(11, 'a') + "\n\n"; // 16 bytes
    BOOST_TEST(run(at_limit, fragment_bytes) == "1");
    BOOST_TEST(run("x" + at_limit, fragment_bytes) == "0 line");
    BOOST_TEST(run(":" + std::string(16, 'a'), fragment_bytes) == "0 line");
    BOOST_TEST(run("data:aaaaaa\ndata:aaaaa\n\n", fragment_bytes) == "1");
    BOOST_TEST(run("data:aaaaaa\ndata:aaaaaa\n\n", fragment_bytes)
               == "0 event");
    BOOST_TEST(run("data:a\n\n" + std::string(17, 'x'), fragment_bytes)
               == "1 line");
  }
}

BOOST_AUTO_TEST_CASE(an_error_is_the_last_word) {
  penstock::sse_decoder decoder{16, 16};
  penstock::sse_event event;
  decoder.push(std::string(17, 'x'));
  BOOST_TEST(!decoder.next(event));
  decoder.push("\n\ndata: a\n\ndata: b");
  BOOST_TEST(!decoder.next(event));
  BOOST_TEST(!decoder.flush_at_end(event));
  BOOST_TEST(!decoder.mid_event());
}

BOOST_AUTO_TEST_CASE(keeps_what_is_no_field) {
  struct {
    const char *why, *body, *stray;
    bool field;
  } const stray_table[] = {
    {"HTML", "<html>\n<p>502</p>\n</html>", "<html>\n<p>502</p>\n</html>\n",
     false},
    {"one JSON object", "{\"error\":\n{}}", "{\"error\":\n{}}\n", false},
    {"an event stream", ": x\ndata: a\n\n", "", true},
    {"in the middle", "data: a\n\nerror: {}\n\n", "error: {}\n", true},
    {"before an event", "{}\ndata: a\n\n", "", true},
    {"a cut field", "dat", "", false},
    {"a cut type", "event: x\nevent: y", "", true},
    {"nothing", "", "", false},
  };
  for (const auto& [why, body, stray, field] : stray_table) {
    for (std::size_t fragment_bytes : {1, 3, 1000}) {
      BOOST_TEST_INFO(why << ", fragments of " << fragment_bytes);
      penstock::sse_decoder decoder;
      penstock::sse_event event;
      for (std::size_t at = 0; at < std::string_view{body}.size();
           at += fragment_bytes) {
        decoder.push(std::string_view{body}.substr(at, fragment_bytes));
        while (decoder.next(event)) {
        }
      }
      (void)decoder.flush_at_end(event);
      BOOST_TEST(decoder.stray() == stray);
      BOOST_TEST(decoder.saw_field() == field);
    }
  }
}

BOOST_AUTO_TEST_CASE(bounds_what_is_no_field) {
  penstock::sse_decoder decoder;
  penstock::sse_event event;
  for (int i = 0; i < 1000; ++i) {
    decoder.push(std::string(1000, 'x') + "\n");
    BOOST_TEST(!decoder.next(event));
  }
  BOOST_TEST(decoder.stray().size() == penstock::limits::error_body_bytes_max);
}

BOOST_AUTO_TEST_CASE(cuts_do_not_change_the_result) {
  std::minstd_rand random{92}; // Fixed: a failure repeats as it is.
  const std::string alphabet[] = {
    "data:",  "data: x", "event: e", ":",      "\r",       "\n",
    "\r\n",   "\n\n",    " ",        "id: 7",  "retry: 1", "\xEF\xBB\xBF",
    "data\n", "\0"s,     "\xE2\x82", "data:\r"};
  for (int round = 0; round < 4000; ++round) {
    std::string body;
    for (int i = 0; i < 40; ++i)
      body += alphabet[random() % std::size(alphabet)];
    const bool flush = round % 2 == 0;
    const auto want = decode(body, body.size(), penstock::sse_decoder{}, flush);
    BOOST_TEST_INFO("round " << round);
    BOOST_TEST(decode(body, 1 + random() % 9, penstock::sse_decoder{}, flush)
                 == want,
               boost::test_tools::per_element());
  }
}
