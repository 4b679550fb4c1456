// Goal: an answer that was cut and goes on reads as one, also when the model
// repeats its last words (trim_repeated_text).
// Method: real WORKSPACE, SUPERVISOR and PROVIDERs on virtual time and the
// scripted network.
#define BOOST_TEST_MODULE continuation
#include <boost/test/unit_test.hpp>

#include "tests/support/stream_world.hpp"

#include <algorithm>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

const std::string beginning = "Once upon a time there was";

http_answer cut(http_answer answer) {
  answer.ends = http_answer::ending::reset;
  return answer;
}

struct continuation_world : stream_world {
  continuation_world() { options.trim_repeated_text = true; }

  /// The first answer is cut behind `beginning`, the second is this one.
  watched_workspace& goes_on_with(const scripted_turn& turn,
                                  bool prefills = false) {
    const auto first = scripted_turn{}.text(beginning).truncated();
    const std::string model = prefills ? "claude-haiku-4-5" : "prime";
    play(http_script{}
           .on({.times = 1}, cut(prefills ? anthropic_answer(first)
                                          : openai_chat_answer(first)))
           .on({.times = 1},
               prefills ? anthropic_answer(turn) : openai_chat_answer(turn))
           .on({}, openai_chat_answer(scripted_turn{}.text(" End."))));
    auto& w = open("w");
    start(w, ask(w, (prefills ? "claude:" : "chat:") + model));
    advance(1min);
    BOOST_REQUIRE_GE(transfers().size(), 2u);
    BOOST_REQUIRE(w.end<event::stream_end>());
    BOOST_TEST(w.sink->violations.empty());
    return w;
  }
};

std::string text_of(const watched_workspace& w) {
  std::string text;
  for (const auto& part : w.end<event::stream_end>()->parts)
    if (const auto* t = std::get_if<text_content>(&part.content))
      text += t->text;
  return text;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(words_said_again_are_left_out_if_asked,
                        continuation_world) {
  const auto& w =
    goes_on_with(scripted_turn{}.text("upon a time there was a king."));
  BOOST_TEST(text_of(w) == "Once upon a time there was a king.");
  BOOST_TEST(w.sink->heard.text() == text_of(w));
}

BOOST_FIXTURE_TEST_CASE(by_default_nothing_is_left_out, continuation_world) {
  options.trim_repeated_text = stream_options{}.trim_repeated_text;
  BOOST_TEST(
    text_of(goes_on_with(scripted_turn{}.text("upon a time there was a king.")))
    == beginning + "upon a time there was a king.");
}

// A prefill goes on from where it ends: what looks repeated was meant.
BOOST_FIXTURE_TEST_CASE(after_a_prefill_nothing_is_left_out,
                        continuation_world) {
  BOOST_TEST(text_of(goes_on_with(
               scripted_turn{}.text("upon a time there was a king."), true))
             == beginning + "upon a time there was a king.");
}

BOOST_FIXTURE_TEST_CASE(a_continuation_that_is_all_repetition_adds_nothing,
                        continuation_world) {
  BOOST_TEST(text_of(goes_on_with(scripted_turn{}.text(beginning)))
             == beginning);
}

// It could have been a repetition until the call came: it is none, and it
// stands before the call.
BOOST_FIXTURE_TEST_CASE(withheld_words_are_shown_before_what_follows_them,
                        continuation_world) {
  const auto& w = goes_on_with(
    scripted_turn{}.text("upon a time").tool_call("c", "nowhere", "{}"));
  const auto names = w.sink->names();
  const auto first = [&](const char* name, std::size_t from) {
    return std::find(names.begin() + static_cast<std::ptrdiff_t>(from),
                     names.end(), name)
           - names.begin();
  };
  const auto retry = static_cast<std::size_t>(first("attempt_retry", 0));
  BOOST_TEST(first("text_delta", retry) < first("tool_call_start", retry));
  BOOST_TEST(text_of(w).starts_with(beginning + "upon a time"));
}

BOOST_FIXTURE_TEST_CASE(reasoning_before_the_words_hides_no_repetition,
                        continuation_world) {
  BOOST_TEST(
    text_of(goes_on_with(
      scripted_turn{}.reasoning("I go on.").text("a time there was a queen.")))
    == beginning + " a queen.");
}
