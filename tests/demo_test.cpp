// Goal: `penstock demo` does what it shows, and its claims can fail.
// Method: the binary at a faster pace, on a pipe; and one run in this process
// whose evidence is falsified, one fact at a time: the claim about that fact,
// and no other than named, must fall.
#define BOOST_TEST_MODULE demo
#include <boost/test/unit_test.hpp>

#include "tests/support/child_process.hpp"
#include "tools/demo_claims.hpp"
#include "tools/demo_run.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>

using namespace penstock;
using namespace penstock::cli;
using namespace std::chrono_literals;

namespace {

constexpr double test_speed = 6;

std::string tool_path() {
  const auto* const path = std::getenv("PENSTOCK_TOOL");
  BOOST_REQUIRE(path);
  return path;
}

/// The real thing, run once.
const demo_evidence& real_evidence() {
  static const auto evidence = [] {
    demo_stage stage;
    stage.speed = test_speed;
    return run_demo(stage);
  }();
  BOOST_REQUIRE(evidence);
  return *evidence;
}

using names = std::set<std::string>;

names failed_claims(const demo_evidence& evidence) {
  names failed;
  for (const auto& claim : check_demo(evidence))
    if (!claim.holds)
      failed.insert(claim.name);
  return failed;
}

/// Tampering with the evidence of one workspace.
class forger {
public:
  explicit forger(demo_evidence& evidence) : evidence_(evidence) {}

  std::size_t index(std::string_view workspace) const {
    for (std::size_t i = 0; i < evidence_.scenarios.size(); ++i)
      if (evidence_.scenarios[i].workspace == workspace)
        return i;
    BOOST_FAIL("no such workspace");
    return 0;
  }
  demo_observation& seen(std::string_view workspace) {
    return evidence_.seen[index(workspace)];
  }
  /// Its n-th request.
  loopback::answer_entry& request(std::string_view workspace, std::size_t n) {
    for (auto& answer : evidence_.log.answers)
      if (workspace_of(answer.request) == workspace && n-- == 0)
        return answer;
    BOOST_FAIL("no such request");
    return evidence_.log.answers[0];
  }
  loopback::connection_entry& connection(std::string_view workspace,
                                         std::size_t n) {
    return evidence_.log.connections[request(workspace, n).connection];
  }
  /// Its last event of a kind.
  template <class Event>
  Event& last(std::string_view workspace) {
    auto& events = seen(workspace).events;
    for (auto i = events.rbegin(); i != events.rend(); ++i)
      if (std::holds_alternative<Event>(*i->what.body)) {
        auto forged = std::make_shared<event_body>(*i->what.body);
        i->what.body = forged;
        return std::get<Event>(*forged);
      }
    BOOST_FAIL("no such event");
    throw 0;
  }
  template <class Event>
  void drop(std::string_view workspace) {
    auto& events = seen(workspace).events;
    const auto gone =
      std::remove_if(events.begin(), events.end(), [](const auto& e) {
        return std::holds_alternative<Event>(*e.what.body);
      });
    BOOST_REQUIRE(gone != events.end());
    events.erase(gone, events.end());
  }
  /// A request that was never sent.
  void ask_again(std::string_view workspace) {
    evidence_.log.answers.push_back(request(workspace, 0));
  }
  demo_evidence& all() { return evidence_; }

private:
  demo_evidence& evidence_;
};

struct forgery {
  const char* what;
  std::function<void(forger&)> commit;
  names fallen;
};

void check_forgeries(const std::vector<forgery>& forgeries) {
  for (const auto& [what, commit, fallen] : forgeries)
    BOOST_TEST_CONTEXT(what) {
      auto evidence = real_evidence();
      forger by{evidence};
      commit(by);
      const auto failed = failed_claims(evidence);
      BOOST_TEST(failed == fallen, boost::test_tools::per_element());
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(every_claim_holds_of_the_real_thing) {
  const auto claims = check_demo(real_evidence());
  BOOST_TEST(claims.size() == 23u);
  names all;
  for (const auto& claim : claims) {
    BOOST_TEST(claim.holds, claim.name << ": " << claim.text);
    all.insert(claim.name);
  }
  BOOST_TEST(all.size() == claims.size());
  BOOST_TEST(real_evidence().scenarios.size() >= 12u);
}

BOOST_AUTO_TEST_CASE(the_binary_shows_claims_that_hold) {
  testing::child_process demo{{tool_path(), "demo", "--speed", "6"}};
  BOOST_TEST(demo.wait_for("claims hold"), demo.output());
  const auto text = demo.output();
  BOOST_TEST(text.find("23 of 23 claims hold") != text.npos, text);
  BOOST_TEST(text.find("FAILED") == text.npos, text);
  BOOST_TEST(text.find('\x1b') == text.npos, "a pipe gets no escape codes");
  BOOST_TEST(demo.exit_code() == 0);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_it_with_130) {
  testing::child_process demo{{tool_path(), "demo", "--speed", "0.2"}};
  BOOST_TEST(demo.wait_for("0 of 18 over"), demo.output());
  demo.send(SIGINT);
  BOOST_TEST(demo.exit_code() == 130);
  BOOST_TEST(demo.output().find("claims") == std::string::npos);
  BOOST_TEST(demo.output().find("interrupted") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_speed_of_nonsense_is_wrong_usage) {
  for (const auto speed : {"0", "-1", "1000", "fast", "nan"}) {
    testing::child_process demo{{tool_path(), "demo", "--speed", speed}};
    BOOST_TEST(demo.exit_code() == 2, speed);
  }
}

BOOST_AUTO_TEST_CASE(claims_about_sockets_can_fail) {
  check_forgeries({
    {"the aborted socket closed late",
     [](forger& f) {
       *f.request("aborted", 0).cut_by_peer =
         *f.seen("aborted").acted + demo_close_limit + 1ms;
     },
     {"abort_closes_the_socket"}},
    {"the aborted socket did not close in mid-answer",
     [](forger& f) { f.request("aborted", 0).cut_by_peer.reset(); },
     {"abort_closes_the_socket"}},
    {"the softly stopped one's socket stayed",
     [](forger& f) { f.request("patient", 0).cut_by_peer.reset(); },
     {"soft_stop_ends_at_a_boundary"}},
    {"the replaced one's socket closed after the new request",
     [](forger& f) {
       f.request("replaced", 0).cut_by_peer =
         f.request("replaced", 1).received + 1ns;
     },
     {"newer_start_replaces"}},
    {"the stalled one was cut too early",
     [](forger& f) {
       f.request("stalled", 0).cut_by_peer =
         f.request("stalled", 0).received + 10ms;
     },
     {"silence_is_ended_by_a_clock"}},
    {"the stalled one was cut too late",
     [](forger& f) { *f.request("stalled", 0).cut_by_peer += 1s; },
     {"silence_is_ended_by_a_clock"}},
    {"a connection stayed open",
     [](forger& f) {
       f.connection("plain", 0).closed_by = loopback::closer::nobody;
     },
     {"nothing_left_open"}},
    {"the client cut the cut one itself",
     [](forger& f) {
       f.connection("cut", 0).closed_by = loopback::closer::peer;
     },
     {"reset_is_continued"}},
  });
}

BOOST_AUTO_TEST_CASE(claims_about_requests_can_fail) {
  check_forgeries({
    {"the partial was not sent",
     [](forger& f) { f.request("cut", 1).request.body = "{}"; },
     {"reset_is_continued"}},
    {"the refusing model was asked twice",
     [](forger& f) { f.ask_again("refused"); },
     {"fallback_answers", "no_request_too_many"}},
    {"a request of nobody's",
     [](forger& f) {
       f.ask_again("plain");
       for (auto& [name, value] : f.all().log.answers.back().request.headers)
         if (name == "x-workspace")
           value = "nobody";
     },
     {"no_request_too_many"}},
    {"the client did not wait as told",
     [](forger& f) {
       f.request("limited", 1).received =
         f.request("limited", 0).received
         + f.all().scenarios[f.index("limited")].delay - 1ms;
     },
     {"rate_limit_is_respected"}},
    {"a tool's output was not sent",
     [](forger& f) { f.request("pilot", 1).request.body = "{}"; },
     {"two_tool_results_go_back"}},
    {"a request went without the key",
     [](forger& f) { f.request("plain", 0).request.headers.clear(); },
     {"key_is_not_shown", "no_request_too_many", "nobody_waits_for_another"}},
    {"one waited for another",
     [](forger& f) {
       f.all().started = f.request("quiet", 0).received - 501ms;
     },
     {"nobody_waits_for_another"}},
  });
}

BOOST_AUTO_TEST_CASE(claims_about_events_can_fail) {
  check_forgeries({
    {"a stream ended twice",
     [](forger& f) {
       auto& events = f.seen("plain").events;
       events.push_back(events.back());
     },
     {"one_terminal_event_each"}},
    {"a stream did not end",
     [](forger& f) { f.drop<event::stream_abort>("aborted"); },
     {"abort_closes_the_socket", "one_terminal_event_each",
      "outcomes_as_scripted"}},
    {"one byte is another",
     [](forger& f) { f.last<event::text_delta>("quiet").text[0] ^= 1; },
     {"texts_byte_for_byte"}},
    {"a delta is missing",
     [](forger& f) { f.last<event::text_delta>("plain").offset += 1; },
     {"texts_byte_for_byte"}},
    {"what was missed was shown twice",
     [](forger& f) {
       *f.seen("commuter").left_after = f.seen("commuter").events.size();
     },
     {"reconnect_by_position"}},
    {"the wrong model answered",
     [](forger& f) { f.last<event::stream_end>("refused").model = "x:y"; },
     {"fallback_answers", "outcomes_as_scripted"}},
  });
}

BOOST_AUTO_TEST_CASE(claims_about_failures_can_fail) {
  check_forgeries({
    {"the empty answer was shown",
     [](forger& f) {
       auto& events = f.seen("speechless").events;
       auto told = events.back();
       told.what.body = std::make_shared<const event_body>(event::attempt_retry{
         1, errc::empty_output, 0ms, "relay:small", {}, {}});
       events.insert(events.begin() + 2, told);
     },
     {"empty_answer_is_retried_silently"}},
    {"the replaced one ended after the new one began",
     [](forger& f) { f.last<event::stream_abort>("replaced").why = {}; },
     {"newer_start_replaces"}},
    {"the 529 was taken for something else",
     [](forger& f) {
       f.last<event::attempt_retry>("crowded").error_class = errc::server_error;
     },
     {"overload_is_retried"}},
    {"a tool failed",
     [](forger& f) { f.last<event::tool_result>("sailor").is_error = true; },
     {"tool_result_goes_back"}},
    {"the key was shown",
     [](forger& f) {
       f.last<event::stream_error>("lockedout").why.message += demo_key;
     },
     {"key_is_not_shown"}},
    {"another failure than a bad key",
     [](forger& f) {
       f.last<event::stream_error>("lockedout").why.code = errc::network;
     },
     {"bad_key_fails_at_once", "outcomes_as_scripted"}},
    {"usage was made up",
     [](forger& f) {
       f.last<event::stream_end>("plain").usage.output_total += 1;
     },
     {"usage_is_exact"}},
    {"they ran one after the other",
     [](forger& f) {
       auto later = 0ms;
       for (auto& seen : f.all().seen)
         for (later += 1h; auto& e : seen.events)
           e.at += later;
     },
     {"many_at_once", "nobody_waits_for_another", "reconnect_by_position",
      "silence_is_ended_by_a_clock"}},
    {"the shutdown failed",
     [](forger& f) {
       f.all().shutdown_failed = error{errc::timeout, "x"};
     },
     {"nothing_left_open"}},
  });
}
