// Goal: the decoder gives the same parts however the network cuts a recorded
// stream, keeps its order under any damage, and stops at each limit.
// Method: every recording cut at random places, short ones at every place; cut
// short at every tenth of it; made-up streams that grow beyond a limit.
// PENSTOCK_SPLITS: random ways to cut each recording (10).
#define BOOST_TEST_MODULE openai_responses_stream
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/codec.hpp"
#include "tests/support/openai_responses_streams.hpp"
#include "tests/support/recordings.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

using namespace penstock;
using namespace penstock::test;

namespace {

lines whole(const recording& r) {
  return shown_parts(decode_responses(r.body, {}, r.provider).parts);
}

// The parts are such as a reader may rely on: a key is of one part, which
// nothing extends after its end; nothing follows an error or the finish.
void check_order(const std::vector<stream_part>& parts) {
  std::set<part_key> ended, began;
  bool over = false;
  for (const auto& part : parts) {
    BOOST_TEST(!over);
    std::visit(
      [&](const auto& p) {
        using T = std::decay_t<decltype(p)>;
        if constexpr (requires { p.key; })
          BOOST_TEST(
            (!ended.contains(p.key) || std::is_same_v<T, part::tool_result>));
        if constexpr (std::is_same_v<T, part::tool_start>)
          BOOST_TEST(began.insert(p.key).second);
        if constexpr (
          std::is_same_v<
            T, part::tool_input> || std::is_same_v<T, part::tool_complete>)
          BOOST_TEST(began.contains(p.key));
        if constexpr (
          std::is_same_v<
            T,
            part::
              text_end> || std::is_same_v<T, part::reasoning_end> || std::is_same_v<T, part::tool_complete>)
          ended.insert(p.key);
        over =
          std::is_same_v<T, part::failed> || std::is_same_v<T, part::finished>;
      },
      part);
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(any_way_to_cut_a_recording_gives_the_same_parts) {
  const char* splits = std::getenv("PENSTOCK_SPLITS");
  const int runs = splits ? std::atoi(splits) : 10;
  std::mt19937_64 random{20};
  for (const auto& r : recordings_of("openai-responses")) {
    BOOST_TEST_INFO_SCOPE(r.name);
    const auto want = whole(r);
    for (int run = 0; run < runs; ++run) {
      std::vector<std::size_t> cuts;
      const auto step = 1 + random() % 400;
      for (auto at = random() % step; at < r.body.size();
           at += 1 + random() % step)
        cuts.push_back(at);
      BOOST_TEST(shown_parts(decode_responses(r.body, cuts, r.provider).parts)
                   == want,
                 boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(
  every_place_to_cut_a_short_recording_gives_the_same_parts) {
  int seen = 0;
  for (const auto& r : recordings_of("openai-responses")) {
    if (r.body.size() > 3'600)
      continue;
    ++seen;
    const auto want = whole(r);
    for (std::size_t at = 1; at < r.body.size(); ++at)
      if (shown_parts(decode_responses(r.body, {at}, r.provider).parts) != want)
        BOOST_ERROR(r.name << " cut at byte " << at);
  }
  BOOST_TEST(seen >= 3);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_cut_short_is_a_prefix_and_not_finished) {
  for (const auto& r : recordings_of("openai-responses")) {
    BOOST_TEST_INFO_SCOPE(r.name);
    check_order(decode_responses(r.body, {}, r.provider).parts);
    for (int tenth = 0; tenth < 10; ++tenth) {
      const auto answer = decode_responses(
        std::string_view{r.body}.substr(0, r.body.size() * tenth / 10), {},
        r.provider);
      check_order(answer.parts);
      BOOST_TEST(!answer.finished);
    }
  }
}

BOOST_AUTO_TEST_CASE(damaged_streams_keep_the_order_of_their_parts) {
  std::mt19937_64 random{22};
  for (const auto& r : recordings_of("openai-responses")) {
    if (r.body.size() > 20'000)
      continue;
    BOOST_TEST_INFO_SCOPE(r.name);
    for (int run = 0; run < 30; ++run) {
      // Events lost, doubled and moved, and bytes changed.
      std::vector<std::string> events;
      for (std::size_t at = 0; at < r.body.size();) {
        const auto end = std::min(r.body.find("\n\n", at), r.body.size() - 2);
        events.push_back(r.body.substr(at, end + 2 - at));
        at = end + 2;
      }
      for (int change = 0; change < 4; ++change) {
        auto& one = events[random() % events.size()];
        auto& other = events[random() % events.size()];
        switch (random() % 4) {
        case 0:
          one.clear();
          break;
        case 1:
          one += other;
          break;
        case 2:
          std::swap(one, other);
          break;
        default:
          if (!one.empty())
            one[random() % one.size()] = static_cast<char>(random());
        }
      }
      std::string body;
      for (const auto& e : events)
        body += e;
      check_order(decode_responses(body, {}, r.provider).parts);
    }
  }
}

// What a gateway leaves out, or says twice, of two calls and a text.
BOOST_AUTO_TEST_CASE(calls_and_texts_come_once_whatever_a_gateway_leaves_out) {
  const auto item = [](int n) {
    const auto i = std::to_string(n);
    return R"({"type":"function_call","id":"fc)" + i + R"(","call_id":"c)" + i
           + R"(","name":"f","arguments":"[)" + i + R"(]"})";
  };
  const std::string text =
    R"({"type":"message","id":"m","content":[{"type":"output_text","text":"a"}]})";
  const auto ended_with = [](const std::string& output) {
    return R"({"type":"response.completed","response":{"status":"completed","output":[)"
           + output + "]}}";
  };
  const std::string input =
    R"({"type":"response.function_call_arguments.done",)";
  const auto both = ended_with(item(1) + "," + item(2));
  const auto first = R"(complete0 [1] item={"id":"fc1"})",
             second = R"(complete1 [2] item={"id":"fc2"})";
  const lines one{"call0 c1 f", "input0 [1]", first, "finished tool-calls -"};
  const lines two{"call0 c1 f",           "input0 [1]", first,
                  "call1 c2 f",           "input1 [2]", second,
                  "finished tool-calls -"};
  const lines text_only{"text0 a", "text_end0", "finished stop -"};
  const struct {
    const char* why;
    lines events, want;
  } table[] = {
    {"an input of a call that nothing names, and the call at the end",
     {input + R"("arguments":"[1]"})", ended_with(item(1))},
     one},
    {"two such inputs",
     {input + R"("arguments":"[1]"})", input + R"("arguments":"[2]"})", both},
     two},
    {"a call that the end has twice",
     {item_done(0, item(1)), ended_with(item(1) + "," + item(1))},
     one},
    {"the second call at the end only", {item_done(0, item(1)), both}, two},
    {"ditto, but ids and places differ: it may be the first once more",
     {item_done(7, item(1)), ended_with(item(2))},
     one},
    {"the end of a call twice",
     {item_added(0, item(1)), item_done(0, item(1)), item_done(0, item(1)),
      both},
     two},
    {"ditto, without places",
     {R"({"type":"response.output_item.done","item":)" + item(1) + "}",
      R"({"type":"response.output_item.done","item":)" + item(1) + "}",
      ended_with(item(1))},
     one},
    {"the end of a text twice",
     {item_done(0, text), item_done(0, text), ended_with(text)},
     text_only},
    {"two texts under one id",
     {item_done(0, text), item_done(1, text), response_completed},
     {"text0 a", "text_end0", "text1 a", "text_end1", "usage 3 0 0 2 0 exact",
      "finished stop -"}},
    {"places that count from one, and no ends",
     {item_added(
        1, R"({"type":"function_call","id":"fc1","call_id":"c1","name":"f"})"),
      item_added(
        2, R"({"type":"function_call","id":"fc2","call_id":"c2","name":"f"})"),
      both},
     {"call0 c1 f", "call1 c2 f", "input0 [1]", first, "input1 [2]", second,
      "finished tool-calls -"}},
  };
  for (const auto& [why, events, want] : table) {
    BOOST_TEST_INFO(why);
    BOOST_TEST(responses_lines(responses_events(events)) == want,
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_limit_is_a_protocol_error_that_names_it) {
  // @param grow an event for its number: "#" is replaced by it.
  const auto failure = [](const std::string& first, std::string grow,
                          std::size_t most) {
    const auto decoder = find_codec("openai-responses")->make_decoder("");
    part_batch out;
    decoder->push(responses_events({first}), out);
    for (std::size_t i = 0; i < most; ++i) {
      auto event = grow;
      if (const auto at = event.find('#'); at != event.npos)
        event.replace(at, 1, std::to_string(i));
      decoder->push("data: " + event + "\n\n", out);
      if (!out.empty())
        if (const auto* f = std::get_if<part::failed>(&out.parts().back())) {
          BOOST_TEST(to_string(f->why.code) == "protocol");
          return f->why.message;
        }
      out.clear();
    }
    return std::string{"no error"};
  };
  const std::string megabyte(1u << 20, 'x');
  BOOST_TEST(failure("{}",
                     R"({"type":"response.output_text.delta","delta":")"
                       + megabyte + "\"}",
                     80)
               .find("stream_text_bytes_max")
             != std::string::npos);
  BOOST_TEST(failure(item_added(0, R"({"type":"function_call","name":"f"})"),
                     R"({"type":"response.function_call_arguments.delta",)"
                     R"("output_index":0,"delta":")"
                       + megabyte + "\"}",
                     20)
               .find("tool_input_bytes_max")
             != std::string::npos);
  for (
    const auto* grow :
    {R"({"type":"response.output_text.delta","output_index":#,"delta":"x"})",
     R"({"type":"response.output_item.added","item":{"type":"message"}})",
     R"({"type":"response.output_text.delta","content_index":#,"delta":"x"})",
     R"({"type":"response.output_text.annotation.added","annotation":{}})"})
    BOOST_TEST(
      failure("{}", grow, limits::stream_parts_max + 2).find("stream_parts_max")
      != std::string::npos);
}
