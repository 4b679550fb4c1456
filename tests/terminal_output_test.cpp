// Goal: a person sees the answer, apart from reasoning and notes, and no model
// can make a terminal do anything; a pipe gets the answer alone, as it is.
// Method: events through the view, for a terminal, a pipe, and both.
#define BOOST_TEST_MODULE terminal_output
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/event_samples.hpp"
#include "tools/terminal_output.hpp"

using namespace penstock;
using cli::terminal_view;
using testing::sample_of;

namespace {

constexpr cli::view_options screen{true, true, true, false};
constexpr cli::view_options pipe_only{};

struct shown {
  terminal_view view;
  std::string out, notes;

  explicit shown(cli::view_options options) : view{options} {}
  shown& see(event_body body) {
    auto one = view.show(sample_of(std::move(body)));
    out += one.out;
    notes += one.notes;
    return *this;
  }
};

event::stream_end end_with_usage() {
  event::stream_end end;
  end.why.reason = finish_reason::stop;
  end.usage = {token_usage::quality::exact, 5, 2, 0, 7, 3};
  return end;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_that_a_terminal_obeys_is_left) {
  const std::pair<std::string, std::string> rows[] = {
    {"plain, \tthe tab\nand the line", "plain, \tthe tab\nand the line"},
    {"\x1B[31mred\x1B]0;title\x07", "[31mred]0;title"},
    {"a\rb\bc\x7F", "abc"},
    {std::string{"a\0b", 3}, "ab"},
    {"\xC2\x9B"
     "31m\xC2\x85",
     "31m"},
    {"\xE2\x80\xAE"
     "gpj.exe\xE2\x81\xA6",
     "gpj.exe"},
    {"\x9B\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"Zo\xC3\xAB \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
     "Zo\xC3\xAB \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"},
  };
  for (const auto& [from, to] : rows)
    BOOST_TEST(cli::harmless(from) == to);
}

BOOST_AUTO_TEST_CASE(every_event_is_harmless_on_a_terminal) {
  const std::string evil = "\x1B]52;c;eA==\x07\xC2\x9B"
                           "2J\r";
  const event_body bodies[] = {
    event::text_delta{1, 0, evil},
    event::refusal_delta{1, 0, evil},
    event::reasoning_delta{1, 0, evil, evil},
    event::file{1, {evil, "", evil, evil}},
    event::source{1, {evil, evil, evil, evil}},
    event::tool_call{1, evil, evil, evil, false, {}},
    event::tool_result{1, evil, evil, true, false, {}},
    event::attempt_retry{1, errc::network, {}, evil, evil, {}},
    event::stream_error{
      {errc::network, evil}, true, {}, {}, evil, {evil}, {evil}, evil, {}},
  };
  for (const auto& body : bodies)
    BOOST_TEST_CONTEXT(name_of(body)) {
      shown s{{true, true, false, true}}; // without dimming of our own
      s.see(body);
      for (const auto& text : {s.out, s.notes}) {
        BOOST_TEST(text.find_first_of("\x1B\x07\r") == text.npos);
        BOOST_TEST(text.find("\xC2\x9B") == text.npos);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_screen_sets_reasoning_apart) {
  shown s{screen};
  s.see(event::reasoning_delta{1, 0, "Hm", ""})
    .see(event::reasoning_delta{1, 2, ".", ""})
    .see(event::reasoning_end{1})
    .see(event::text_delta{2, 0, "Hello"})
    .see(event::text_end{2})
    .see(end_with_usage());
  BOOST_TEST(s.out == "\x1B[2mHm.\x1B[0m\nHello\n");
  BOOST_TEST(
    s.notes == "\x1B[2m[5 tokens in (2 cached), 7 out (3 reasoning)]\x1B[0m\n");
}

BOOST_AUTO_TEST_CASE(dimming_ends_with_whatever_ends_the_reasoning) {
  const event_body enders[] = {event::stream_abort{}, event::stream_error{},
                               event::text_delta{2, 0, "x"},
                               event::retract{1, 0}};
  for (const auto& ender : enders) {
    shown s{screen};
    s.see(event::reasoning_delta{1, 0, "Hm", ""}).see(ender);
    BOOST_TEST(s.out.find("Hm\x1B[0m\n") != s.out.npos, name_of(ender));
  }
}

BOOST_AUTO_TEST_CASE(a_pipe_gets_the_answer_alone_and_as_it_is) {
  shown s{pipe_only};
  s.see(event::stream_start{})
    .see(event::reasoning_delta{1, 0, "Hm", ""})
    .see(event::reasoning_end{1})
    .see(event::text_delta{2, 0, "a\x1B[1m"})
    .see(event::tool_call{3, "c", "f", "{}", false, {}})
    .see(event::tool_result{3, "c", "1", false, false, {}})
    .see(event::text_delta{4, 0, "b"})
    .see(end_with_usage());
  BOOST_TEST(s.out == "a\x1B[1m\nb\n");
  BOOST_TEST(s.notes == "");
}

BOOST_AUTO_TEST_CASE(texts_of_two_steps_stand_apart) {
  const struct {
    const char *first, *second, *want;
  } rows[] = {
    {"I look.", "It is 7.", "I look.\nIt is 7.\n"},
    {"I look.\n", "It is 7.", "I look.\nIt is 7.\n"},
    {"I look.", "\nIt is 7.\n", "I look.\nIt is 7.\n"},
    {"I look.\n\n", "It is 7.", "I look.\n\nIt is 7.\n"},
    {"", "It is 7.", "It is 7.\n"},
    {"I look.", "", "I look.\n"},
  };
  for (const auto options :
       {pipe_only, cli::view_options{true, true, true, {}}})
    for (const auto& [first, second, want] : rows) {
      if (options.out_is_terminal && second[0] == '\n')
        continue; // The notes have begun a line already: it is an empty one.
      shown s{options};
      s.see(event::text_delta{1, 0, first})
        .see(event::text_end{1})
        .see(event::tool_call{2, "c", "f", "{}", false, {}})
        .see(event::tool_result{2, "c", "7", false, false, {}})
        .see(event::step_end{})
        .see(event::text_delta{3, 0, second})
        .see(event::step_end{})
        .see(event::stream_end{});
      BOOST_TEST(s.out == want);
    }
}

BOOST_AUTO_TEST_CASE(one_text_in_many_parts_stays_one) {
  for (const auto options :
       {pipe_only, cli::view_options{true, true, true, {}}}) {
    // A part each for what is cited and what is not.
    shown cited{options};
    cited.see(event::text_delta{1, 0, "The sky is "})
      .see(event::text_end{1})
      .see(event::text_delta{2, 0, "blue"})
      .see(event::source{3, {"s", "url", "https://sky", "Sky"}})
      .see(event::text_end{2})
      .see(event::text_delta{4, 0, " today."})
      .see(event::stream_end{});
    BOOST_TEST(cited.out == "The sky is blue today.\n");
    BOOST_TEST((cited.notes.find("[source: ") != cited.notes.npos)
               == options.out_is_terminal);
  }
  // Cut, and another attempt goes on with it.
  shown cut{pipe_only};
  cut.see(event::text_delta{1, 0, "Hel"})
    .see(event::text_end{1})
    .see(event::attempt_retry{1, errc::network, {}, "a:1", "", {}})
    .see(event::text_delta{3, 0, "lo"})
    .see(event::stream_end{});
  BOOST_TEST(cut.out == "Hello\n");
}

BOOST_AUTO_TEST_CASE(what_was_not_shown_is_withdrawn_without_a_word) {
  constexpr std::string_view word =
    "[the output above is withdrawn; what follows replaces it]\n";
  const event_body unseen[] = {
    event::reasoning_delta{3, 0, "Hm", ""}, event::tool_call_start{3, "c", "f"},
    event::tool_call_delta{3, "c", 0, "{\"a"},
    event::tool_call{3, "c", "f", "{}", false, {}},
    event::source{3, {"s", "url", "https://sky", "Sky"}}};
  for (const auto& one : unseen)
    BOOST_TEST_CONTEXT(name_of(one)) {
      shown s{pipe_only};
      s.see(event::text_delta{1, 0, "Hel"})
        .see(one)
        .see(event::retract{3, 0})
        .see(event::text_delta{5, 0, "lo"})
        .see(event::stream_end{});
      BOOST_TEST(s.out == "Hello\n");
      BOOST_TEST(s.notes == "");
    }
  // What was withdrawn is not withdrawn again; and each stream counts anew.
  shown s{pipe_only};
  s.see(event::text_delta{3, 0, "Hel"})
    .see(event::retract{3, 0})
    .see(event::retract{2, 0})
    .see(event::text_delta{5, 0, "Hello"})
    .see(event::stream_end{})
    .see(event::stream_start{})
    .see(event::retract{1, 0});
  BOOST_TEST(s.out == "Hel\nHello\n");
  BOOST_TEST(s.notes == word);
}

BOOST_AUTO_TEST_CASE(what_was_shown_is_withdrawn_with_a_word) {
  const event_body seen[] = {event::text_delta{3, 0, "x"},
                             event::refusal_delta{3, 0, "x"},
                             event::file{3, {"image/png", "x", "", ""}}};
  const event_body seen_on_a_screen[] = {
    event::reasoning_delta{3, 0, "Hm", ""},
    event::tool_call{3, "c", "f", "{}", false, {}}};
  const auto says_so = [](cli::view_options options, const event_body& one) {
    shown s{options};
    s.see(one).see(event::retract{2, 0});
    return s.notes.find("withdrawn") != s.notes.npos;
  };
  for (const auto& one : seen)
    BOOST_TEST(says_so(pipe_only, one), name_of(one));
  for (const auto& one : seen_on_a_screen)
    BOOST_TEST(says_so(screen, one), name_of(one));
  // A source waits for the end of its text, and goes with it.
  shown s{screen};
  s.see(event::text_delta{1, 0, "blue"})
    .see(event::source{2, {"s", "url", "https://sky", "Sky"}})
    .see(event::retract{1, 0})
    .see(event::stream_end{});
  BOOST_TEST(s.notes.find("sky") == s.notes.npos);
}

BOOST_AUTO_TEST_CASE(a_refusal_stands_apart) {
  shown s{pipe_only};
  s.see(event::text_delta{1, 0, "Well."})
    .see(event::refusal_delta{2, 0, "I can"})
    .see(event::refusal_delta{2, 5, "not."})
    .see(event::text_delta{3, 0, "I can."})
    .see(event::stream_end{});
  BOOST_TEST(s.out == "Well.\nI cannot.\nI can.\n");
}

BOOST_AUTO_TEST_CASE(json_on_a_terminal_keeps_its_value) {
  const std::string said = "a\x7F\xC2\x9B"
                           "2J\xE2\x80\xAE \xF0\x9F\x8E\x88 \xC3\xBC\t\"\\";
  const auto line = to_text(ordered_json(said));
  const auto shown = cli::harmless_json(line);
  BOOST_TEST(shown.find("\xC2\x9B") == shown.npos);
  BOOST_TEST(shown.find("\xE2\x80\xAE") == shown.npos);
  BOOST_TEST(shown.find('\x7F') == shown.npos);
  BOOST_TEST(shown.find("\xF0\x9F\x8E\x88 \xC3\xBC") != shown.npos);
  BOOST_TEST(parse_ordered_json(shown).value().get<std::string>() == said);
  BOOST_TEST(cli::harmless_json("{\"a\":1}") == "{\"a\":1}");
}

BOOST_AUTO_TEST_CASE(tools_and_retries_are_a_line_each) {
  shown s{{true, true, false, false}};
  s.see(event::text_delta{1, 0, "Let me look"})
    .see(event::tool_call{2, "c", "f", "{\"a\":\n1}", false, {}})
    .see(event::tool_result{2, "c", "\"no\"", true, false, {}})
    .see(event::attempt_retry{1, errc::model_refusal, {}, "a:1", "b:2", {}})
    .see(event::attempt_retry{
      2, errc::rate_limit, std::chrono::milliseconds{500}, "b:2", "", {}});
  BOOST_TEST(s.out == "Let me look\n");
  BOOST_TEST(s.notes
             == "[tool f: {\"a\": 1}]\n[tool failed: \"no\"]\n"
                "[a:1: model_refusal; asking b:2]\n"
                "[b:2: rate_limit; trying again in 500 ms]\n");
}

BOOST_AUTO_TEST_CASE(an_error_is_one_line_that_says_what_to_do) {
  const error why{errc::authentication, "bad\nkey", 401, {}, {}};
  BOOST_TEST(cli::explained(why)
             == "authentication (HTTP 401): bad key; check the key");
  for (const auto code :
       {errc::permission, errc::quota, errc::timeout, errc::stream_truncated,
        errc::empty_output, errc::overloaded, errc::network,
        errc::model_refusal, errc::context_exceeded, errc::model_not_found})
    BOOST_TEST(cli::explained({code, "so"}).find(": so; ") != std::string::npos,
               to_string(code));
  // Of a limit its own message says what to do: the address is right.
  const error limit{errc::protocol, "too long; ask for less"};
  BOOST_TEST(cli::explained(limit) == "protocol: too long; ask for less");
  shown s{pipe_only};
  event::stream_error failed;
  failed.why = why;
  s.see(event::text_delta{1, 0, "half"}).see(failed);
  BOOST_TEST(s.out == "half\n");
  BOOST_TEST(
    s.notes == "penstock: authentication (HTTP 401): bad key; check the key\n");
}
