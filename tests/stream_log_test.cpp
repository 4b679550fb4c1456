// Goal: what lies after a place in the log is told once, whole and in order,
// wherever the place is and however the log has grown.
// Method: small logs by hand; then random logs, read in pieces, against what
// one reader sees who never looked away.
#define BOOST_TEST_MODULE stream_log
#include <boost/test/unit_test.hpp>

#include "actors/stream_log.hpp"
#include "tests/support/client_view.hpp"
#include "tests/support/random_stream.hpp"

#include <string>
#include <vector>

using namespace penstock;
using namespace penstock::testing;

namespace {

constexpr std::size_t all = 1u << 30;

stream_log make_log() {
  return {
    std::make_shared<stream_identity>(stream_identity{"w", stream_id{1}, "m"}),
    {"p:m", "p:m", 1, "{}"}};
}

std::vector<stream_event> told(const stream_log& log,
                               stream_log::place at = {}) {
  std::vector<stream_event> events;
  BOOST_TEST(log.tell(at, all, events));
  return events;
}

std::vector<std::string> names(const std::vector<stream_event>& events) {
  std::vector<std::string> list;
  for (const auto& e : events)
    list.emplace_back(name_of(*e.body));
  return list;
}

template <class Event>
std::string only_text(const std::vector<stream_event>& events) {
  std::string text;
  for (const auto& e : events)
    if (const auto* m = std::get_if<Event>(e.body.get()))
      text += "[" + std::to_string(m->part) + "+" + std::to_string(m->offset)
              + " " + m->text + "]";
  return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(adjacent_deltas_of_one_part_are_told_as_one) {
  auto log = make_log();
  const auto part = log.open_text();
  for (const auto* piece : {"Wa", "ter", " flows"})
    log.append(part, piece);
  log.close_text(part, false);
  const auto events = told(log);
  const std::vector<std::string> expected{"stream_start", "text_delta",
                                          "text_end"};
  BOOST_TEST(names(events) == expected, boost::test_tools::per_element());
  BOOST_TEST(only_text<event::text_delta>(events) == "[1+0 Water flows]");
}

BOOST_AUTO_TEST_CASE(a_text_that_grows_has_little_room_to_spare) {
  auto log = make_log();
  const auto part = log.open_text();
  const auto& text = std::get<text_content>(log.content_of(part)).text;
  for (int i = 0; i < 4'000; ++i) {
    log.append(part, "twenty-two more bytes ");
    BOOST_REQUIRE(text.capacity() <= text.size() + text.size() / 4 + 256);
  }
  BOOST_TEST(text.size() == 88'000u);
}

BOOST_AUTO_TEST_CASE(parts_that_alternate_are_told_in_the_order_they_grew) {
  auto log = make_log();
  const auto one = log.open_text(), two = log.open_text();
  log.append(one, "a");
  log.append(two, "b");
  log.append(one, "c");
  BOOST_TEST(only_text<event::text_delta>(told(log))
             == "[1+0 a][2+0 b][1+1 c]");
}

BOOST_AUTO_TEST_CASE(a_place_between_two_deltas_gets_the_second_only) {
  auto log = make_log();
  const auto part = log.open_text();
  log.append(part, "one");
  const auto there = log.end();
  log.append(part, " two");
  BOOST_TEST(only_text<event::text_delta>(told(log, there)) == "[1+3  two]");
}

BOOST_AUTO_TEST_CASE(a_clients_own_count_of_bytes_names_a_place) {
  auto log = make_log();
  const auto one = log.open_text(), two = log.open_text();
  log.append(one, "ab");
  log.append(two, "x");
  log.append(one, "cd");
  const auto at = log.find({stream_id{1}, one, 3});
  BOOST_REQUIRE(at.has_value());
  BOOST_TEST(only_text<event::text_delta>(told(log, *at)) == "[1+3 d]");
}

BOOST_AUTO_TEST_CASE(a_position_that_makes_no_sense_is_not_found) {
  auto log = make_log();
  const auto part = log.open_text();
  log.append(part, "ß");
  BOOST_TEST(log.find({stream_id{1}, part, 2}).has_value());
  BOOST_TEST(!log.find({stream_id{1}, part, 1}).has_value(), "half a letter");
  BOOST_TEST(!log.find({stream_id{1}, part, 3}).has_value(), "past the end");
  BOOST_TEST(!log.find({stream_id{1}, 99, 0}).has_value(), "no such entry");
  BOOST_TEST(!log.find({stream_id{2}, part, 0}).has_value(), "another stream");
}

BOOST_AUTO_TEST_CASE(whoever_saw_withdrawn_bytes_gets_the_retract_first) {
  auto log = make_log();
  const auto part = log.open_text();
  log.append(part, "lost");
  const auto seen = log.end();
  log.append(part, " too");
  log.retract(part);
  const auto again = log.open_text();
  log.append(again, "kept");
  BOOST_TEST(again > part);
  const std::vector<std::string> expected{"retract", "text_delta"};
  BOOST_TEST(names(told(log, seen)) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(whoever_saw_none_of_them_hears_nothing_of_it) {
  auto log = make_log();
  const auto before = log.end();
  const auto part = log.open_text();
  log.append(part, "lost");
  log.retract(part);
  const auto again = log.open_text();
  log.append(again, "kept");
  const std::vector<std::string> expected{"text_delta"};
  BOOST_TEST(names(told(log, before)) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(only_text<event::text_delta>(told(log)) == "[3+0 kept]");
}

BOOST_AUTO_TEST_CASE(what_older_parts_said_beside_a_withdrawn_one_stands) {
  auto log = make_log();
  const auto text = log.open_text();
  log.append(text, "a");
  const auto call = log.open_call({"c1", "f", {}, {}, {}, {}, false});
  log.append(call, "{");
  const auto seen = log.end();
  log.append(text, "b");
  log.retract(call);
  BOOST_TEST(only_text<event::text_delta>(told(log)) == "[1+0 a][1+1 b]");
  const std::vector<std::string> expected{"text_delta", "retract"};
  BOOST_TEST(names(told(log, seen)) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_letter_is_never_cut_by_the_size_of_a_batch) {
  auto log = make_log();
  const auto part = log.open_text();
  log.append(part, "語語語");
  for (std::size_t most = 1; most < 12; ++most) {
    std::string text;
    stream_log::place at{part, 0};
    for (bool done = false; !done;) {
      std::vector<stream_event> events;
      done = log.tell(at, most, events);
      for (const auto& e : events) {
        const auto& piece = std::get<event::text_delta>(*e.body).text;
        BOOST_TEST(piece.size() % 3 == 0);
        text += piece;
      }
    }
    BOOST_TEST(text == "語語語");
  }
}

// SPEC §1: the bytes of its input so far, then its states.
BOOST_AUTO_TEST_CASE(a_place_in_a_call_counts_its_input_and_then_its_states) {
  auto log = make_log();
  const auto call = log.open_call({"c1", "f", {}, {}, {}, {}, false});
  log.append(call, "{\"a\":");
  const auto text = log.open_text();
  log.append(text, "x");
  log.append(call, "\"é\"}");
  log.complete_call(call, "{\"a\":\"é\"}", "", "");
  const auto rest = [&](std::uint64_t offset) {
    const auto at = log.find({stream_id{1}, call, offset});
    return at ? names(told(log, *at)) : std::vector<std::string>{"unknown"};
  };
  using list = std::vector<std::string>;
  BOOST_TEST(
    (rest(3)
     == list{"tool_call_delta", "text_delta", "tool_call_delta", "tool_call"}));
  BOOST_TEST((rest(8) == list{"tool_call_delta", "tool_call"}));
  BOOST_TEST((rest(7) == list{"unknown"}), "half a letter");
  BOOST_TEST((rest(10) == list{"tool_call"}));
  BOOST_TEST(rest(11).empty());
  BOOST_TEST((rest(12) == list{"unknown"}));
}

BOOST_AUTO_TEST_CASE(a_calls_input_is_the_whole_text_and_its_deltas_what_came) {
  auto log = make_log();
  const auto call = log.open_call({"c1", "f", {}, {}, {}, {}, false});
  log.append(call, "{\"a\": 1");
  log.append(call, "}");
  log.complete_call(call, "{\"a\":1}", "", "");
  const auto events = told(log);
  BOOST_TEST(std::get<event::tool_call_delta>(*events[2].body).input_text
             == "{\"a\": 1}");
  BOOST_TEST(std::get<event::tool_call>(*events[3].body).input_json
             == "{\"a\":1}");
}

BOOST_AUTO_TEST_CASE(nothing_stands_behind_the_terminal) {
  auto log = make_log();
  log.terminate(event::stream_end{});
  BOOST_TEST(log.ended());
  BOOST_TEST(terminal(*told(log).back().body));
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_make_the_same_whole) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_stream stream{seed};
    for (int i = 0; i < 120; ++i)
      stream.write();
    stream.end();
    client_view whole, pieces;
    for (const auto& e : told(*stream.log()))
      whole.take(e);
    stream_log::place at;
    for (bool done = false; !done;) {
      std::vector<stream_event> events;
      done = stream.log()->tell(at, 1 + seed % 70, events);
      for (const auto& e : events)
        pieces.take(e);
    }
    BOOST_TEST((pieces.parts() == whole.parts()), "seed " << seed);
    BOOST_TEST((pieces.ended() && whole.ended()));
  }
}

BOOST_AUTO_TEST_CASE(
  who_reads_along_and_who_comes_back_know_the_same_at_the_end) {
  std::size_t reconnects = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_stream stream{seed};
    const auto& log = *stream.log();
    client_view along;
    stream_log::place at;
    std::vector<client_view> left; // one for each place that was ever reached
    for (int i = 0; i <= 120; ++i) {
      std::vector<stream_event> events;
      (void)log.tell(at, all, events);
      for (const auto& e : events) {
        along.take(e);
        left.push_back(along);
      }
      i < 120 ? stream.write() : stream.end();
    }
    std::vector<stream_event> rest;
    (void)log.tell(at, all, rest);
    for (const auto& e : rest)
      along.take(e);
    client_view late; // heard of nothing until the end
    for (const auto& e : told(log))
      late.take(e);
    BOOST_TEST((late.parts() == along.parts()), "seed " << seed);
    for (auto& one : left) {
      const auto place = log.find(*one.after());
      BOOST_REQUIRE_MESSAGE(place, "seed " << seed);
      for (const auto& e : told(log, *place))
        one.take(e);
      BOOST_TEST((one.parts() == along.parts()), "seed " << seed);
      ++reconnects;
    }
  }
  BOOST_TEST(reconnects > 10'000u);
}
