// Goal: one attempt gives what the wire gave, once, and leaves in every case
// with exactly one report. Method: a real PROVIDER on virtual time and a
// scripted network, between two probes.
#define BOOST_TEST_MODULE provider
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "tests/support/provider_fixture.hpp"

#include <stdexcept>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

using quality = token_usage::quality;

scripted_turn counted(std::string_view words) {
  token_usage usage;
  usage.input_total = 10;
  usage.output_total = 5;
  return scripted_turn{}.text(words).usage(usage);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(batches_have_gapless_indices_and_all_of_the_text,
                        provider_fixture) {
  begin(slow_answer("one two three four", 10ms));
  advance(1s);
  BOOST_TEST(heard->parts.size() > 4u);
  BOOST_TEST(heard->texts_without_gap() == "one two three four");
  BOOST_TEST(report().batches == heard->parts.size());
  BOOST_TEST(failure() == "");
  BOOST_TEST(!runs());
}

BOOST_FIXTURE_TEST_CASE(a_prompt_is_not_kept_while_the_answer_comes,
                        provider_fixture) {
  begin(slow_answer("one two three four", 10ms));
  advance(15ms);
  BOOST_TEST(runs());
  BOOST_TEST(asked.expired());
}

BOOST_FIXTURE_TEST_CASE(every_byte_is_given_back_exactly_once,
                        provider_fixture) {
  heard->keeps_bytes = true;
  begin(slow_answer("one two three four", 10ms));
  advance(1s);
  std::size_t with_parts = 0;
  for (const auto& m : heard->parts)
    with_parts += m.bytes;
  BOOST_TEST(with_parts > 0u);
  BOOST_TEST(with_parts <= transfer().body_bytes);
  // PROVIDER gave back what made no part; the rest goes with the parts.
  BOOST_TEST(link->in_flight_bytes() == with_parts);
  heard->give_back();
  BOOST_TEST(link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(finish_then_the_end_is_complete_with_exact_usage,
                        provider_fixture) {
  begin(openai_chat_answer(counted("hello")));
  BOOST_TEST(failure() == "");
  BOOST_REQUIRE(report().finished.has_value());
  BOOST_TEST(to_string(report().finished->reason) == "stop");
  BOOST_TEST((report().usage.known == quality::exact));
  BOOST_TEST(report().usage.output_total == 5u);
  BOOST_TEST(report().any_part);
  BOOST_TEST(!report().stopped);
  BOOST_TEST(heard->parts.back().finish_seen);
  BOOST_TEST((transfer_end() == errc::none)); // the connection can be reused
}

// A soft stop is to know that the text's end is the answer's, though usage and
// [DONE] may take their time.
BOOST_FIXTURE_TEST_CASE(the_finish_is_known_with_the_end_that_it_makes,
                        provider_fixture) {
  begin(slow_answer("one two", 400ms));
  advance(10s);
  std::size_t ends = 0;
  for (const auto& m : heard->parts)
    for (const auto& p : m.parts) {
      const bool end = std::holds_alternative<part::text_end>(p);
      ends += end;
      if (end || std::holds_alternative<part::text>(p))
        BOOST_TEST(m.finish_seen == end);
    }
  BOOST_TEST(ends == 1u);
}

BOOST_FIXTURE_TEST_CASE(after_the_finish_the_connection_gets_its_linger_only,
                        provider_fixture) {
  auto answer = openai_chat_answer(counted("hello"));
  answer.ends = http_answer::ending::stall;
  begin(answer);
  advance(999ms);
  BOOST_TEST(told->reports.empty());
  advance(1ms);
  BOOST_TEST(failure() == "");
  BOOST_TEST(report().finished.has_value());
  BOOST_TEST((transfer_end() == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(what_follows_a_finish_reason_renews_the_linger,
                        provider_fixture) {
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.body = {{R"(data: {"choices":[{"index":0,"delta":{"content":"a"},)"
                  R"("finish_reason":"stop"}]})"
                  "\n\n",
                  900ms, 4}};
  answer.ends = http_answer::ending::stall;
  begin(answer);
  advance(4 * 900ms + 999ms);
  BOOST_TEST(heard->text() == "aaaa");
  BOOST_TEST(told->reports.empty());
  advance(1ms);
  BOOST_TEST(failure() == "");
  BOOST_TEST(report().finished.has_value());
}

BOOST_FIXTURE_TEST_CASE(an_end_without_finish_is_told_and_no_failure,
                        provider_fixture) {
  begin(openai_chat_answer(scripted_turn{}.text("hello").truncated()));
  BOOST_TEST(failure() == "");
  BOOST_TEST((!report().finished || !report().finished->raw));
  BOOST_TEST(report().any_part);
  BOOST_TEST((report().usage.known == quality::unknown));
}

BOOST_FIXTURE_TEST_CASE(a_cut_body_is_a_network_failure, provider_fixture) {
  auto answer = openai_chat_answer(scripted_turn{}.text("hello").truncated());
  answer.ends = http_answer::ending::reset;
  begin(answer);
  BOOST_TEST(failure().starts_with("network: "));
  BOOST_TEST(heard->text() == "hello");
}

BOOST_FIXTURE_TEST_CASE(calls_that_are_complete_are_told, provider_fixture) {
  begin(openai_chat_answer(
    scripted_turn{}.tool_call("c1", "read", R"({"path":"x"})")));
  BOOST_TEST(report().complete_calls);
  BOOST_TEST(to_string(report().finished->reason) == "tool-calls");
}

// What began behind a call that was cut is withdrawn with it.
BOOST_AUTO_TEST_CASE(a_complete_call_counts_before_one_that_was_cut) {
  const auto start = [](int index) {
    return R"(data: {"type":"content_block_start","index":)"
           + std::to_string(index)
           + R"(,"content_block":{"type":"tool_use","id":"c","name":"f"}})"
             "\n\n";
  };
  const auto stop = [](int index) {
    return R"(data: {"type":"content_block_stop","index":)"
           + std::to_string(index) + "}\n\n";
  };
  const auto counts = [](const std::string& body) {
    const std::string_view api = "anthropic-messages";
    provider_response response{api, find_codec(api)->make_decoder("claude")};
    http_response_head head;
    head.status = 200;
    head.headers = {{"content-type", "text/event-stream"}};
    response.head(head, {});
    part_batch out;
    (void)response.body(body, out);
    return response.result().complete_calls;
  };
  BOOST_TEST(!counts(start(0)));
  BOOST_TEST(counts(start(0) + stop(0)));
  BOOST_TEST(counts(start(0) + stop(0) + start(1)));
  BOOST_TEST(!counts(start(0) + start(1) + stop(1)));
  BOOST_TEST(counts(start(0) + start(1) + stop(1) + stop(0)));
}

BOOST_FIXTURE_TEST_CASE(a_refusal_is_told, provider_fixture) {
  begin(openai_chat_answer(scripted_turn{}.refusal("I will not.")));
  BOOST_TEST(report().refusal);
}

BOOST_FIXTURE_TEST_CASE(the_endpoint_is_told_to_live_once_and_early,
                        provider_fixture) {
  begin(slow_answer("one two three", 100ms));
  advance(100ms);
  BOOST_TEST(told->answered == 1u);
  BOOST_TEST(told->reports.empty());
  advance(10s);
  BOOST_TEST(told->answered == 1u);
}

// ---- errors -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_error_body_is_read_to_its_end_and_classified,
                        provider_fixture) {
  auto answer = error_answer("openai-chat", 429, "insufficient_quota",
                             "You exceeded your current quota");
  answer.body = cut_evenly(answer.body.front().bytes, 7, 10ms);
  begin(answer);
  BOOST_TEST(told->reports.empty());
  advance(1s);
  BOOST_TEST(failure().starts_with("quota: "));
  BOOST_TEST(failure().find("exceeded your current quota")
             != std::string::npos);
  BOOST_TEST(report().failure->provider_status == 429);
  BOOST_TEST((transfer_end() == errc::none));
  BOOST_TEST(told->answered == 0u);
  BOOST_TEST(link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(an_error_body_without_end_is_read_to_the_limit,
                        provider_fixture) {
  auto answer = broken_answer(500);
  answer.body = {{std::string(1'000, 'x'), 1ms, 1'000'000}};
  begin(answer);
  advance(10s);
  BOOST_TEST(failure().starts_with("server_error: "));
  BOOST_TEST((transfer_end() == errc::aborted));
  BOOST_TEST(transfer().body_bytes >= limits::error_body_bytes_max);
  BOOST_TEST(transfer().body_bytes <= limits::error_body_bytes_max + 2'000);
}

BOOST_FIXTURE_TEST_CASE(an_error_body_that_stalls_is_judged_by_its_head,
                        provider_fixture) {
  auto answer = broken_answer(503);
  answer.ends = http_answer::ending::stall;
  answer.body = {{R"({"error":)", 0ms, 1}};
  begin(answer);
  advance(9'999ms);
  BOOST_TEST(told->reports.empty());
  advance(1ms);
  BOOST_TEST(report().failure->provider_status == 503);
  BOOST_TEST((report().failure->code != errc::timeout));
}

BOOST_FIXTURE_TEST_CASE(a_200_with_html_is_a_protocol_error, provider_fixture) {
  begin(html_answer());
  BOOST_TEST(failure().starts_with("protocol: "));
  BOOST_TEST(failure().find("text/html") != std::string::npos);
  BOOST_TEST(heard->parts.empty());
}

BOOST_FIXTURE_TEST_CASE(a_limit_is_a_protocol_error_that_names_it,
                        provider_fixture) {
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.body = {{"data: ", 0ms, 1}, {std::string(1u << 20, 'x'), 1ms, 64}};
  begin(answer);
  advance(10s);
  BOOST_TEST(failure().starts_with("protocol: "));
  BOOST_TEST(failure().find("line") != std::string::npos);
  BOOST_TEST((transfer_end() == errc::aborted));
  BOOST_TEST(link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(an_error_in_the_stream_ends_the_attempt,
                        provider_fixture) {
  auto answer = openai_chat_answer(
    scripted_turn{}.text("hel").error("server_error", "boom"));
  answer.body.push_back({"data: {}\n\n", 1s, 1'000});
  begin(answer);
  BOOST_TEST(failure().starts_with("server_error: "));
  BOOST_TEST(heard->text() == "hel");
  BOOST_TEST((transfer_end() == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_encoded_opens_no_connection,
                        provider_fixture) {
  codec.refusal = error{errc::invalid_request, "no such option", 0, {}, {}};
  begin(quick_answer());
  BOOST_TEST(failure() == "invalid_request: no such option");
  BOOST_TEST(transfers().empty());
  BOOST_TEST(!runs());
}

BOOST_FIXTURE_TEST_CASE(a_decoder_that_throws_is_an_internal_failure,
                        provider_fixture) {
  codec.on_push = [](std::string_view) {
    throw std::runtime_error("a bug of ours");
  };
  begin(quick_answer());
  BOOST_TEST(failure().starts_with("internal: "));
  BOOST_TEST(failure().find("a bug of ours") != std::string::npos);
  BOOST_TEST(!runs());
}

BOOST_FIXTURE_TEST_CASE(what_was_left_out_goes_to_the_log_if_asked,
                        provider_fixture) {
  codec.left_out = {"top_k"};
  tell_what_is_left_out = true;
  begin(quick_answer());
  BOOST_REQUIRE(log_lines.size() == 1u);
  BOOST_TEST(log_lines.front().starts_with("Ada's: a:one "));
  BOOST_TEST(log_lines.front().find("top_k") != std::string::npos);
}

// ---- cancel -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_cancel_closes_the_transfer_and_reports_partial_usage,
                        provider_fixture) {
  auto answer = openai_chat_answer(counted("one two three"), {.between = 10ms});
  // The usage comes early and the stream goes on.
  std::rotate(answer.body.begin() + 2, answer.body.end() - 2,
              answer.body.end() - 1);
  begin(answer);
  advance(30ms);
  const auto seen = heard->parts.size();
  BOOST_TEST(seen > 0u);
  link->cancel();
  caf_compat::post(*subject, abandon_attempt{});
  advance();
  BOOST_TEST(report().stopped);
  BOOST_TEST((report().usage.known == quality::partial));
  BOOST_TEST(report().usage.output_total == 5u);
  BOOST_TEST((transfer_end() == errc::aborted));
  advance(10s);
  BOOST_TEST(heard->parts.size() == seen);
  BOOST_TEST(link->in_flight_bytes() == 0u);
  BOOST_TEST(told->reports.size() == 1u);
  BOOST_TEST(!runs());
}

BOOST_FIXTURE_TEST_CASE(the_streams_mark_alone_closes_the_transfer,
                        provider_fixture) {
  const auto mark = std::make_shared<stop_mark>();
  link = std::make_shared<attempt_link>(4096, mark);
  begin(slow_answer("one two three four five", 10ms));
  advance(20ms);
  const auto seen = heard->parts.size();
  mark->set();
  advance();
  BOOST_TEST((transfer_end() == errc::aborted));
  BOOST_TEST(report().stopped);
  BOOST_TEST(failure() == "");
  BOOST_TEST(heard->parts.size() == seen);
  BOOST_TEST(!runs());
  mark->set(); // Nobody is left to be called.
}

BOOST_FIXTURE_TEST_CASE(the_flag_alone_stops_it_with_the_next_bytes,
                        provider_fixture) {
  begin(slow_answer("one two three four five", 10ms));
  advance(20ms);
  const auto seen = heard->parts.size();
  // The bytes are in its mailbox already when the flag goes up.
  caf_compat::post(*subject, body_received{"data: {\"choices\":[]}\n\n"});
  BOOST_TEST(link->received(22));
  link->cancel();
  advance();
  BOOST_TEST(report().stopped);
  BOOST_TEST(heard->parts.size() == seen);
  BOOST_TEST(link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(one_cancelled_before_its_start_opens_no_connection,
                        provider_fixture) {
  link->cancel();
  begin(quick_answer());
  BOOST_TEST(report().stopped);
  BOOST_TEST(failure() == "");
  BOOST_TEST(transfers().empty());
}

BOOST_FIXTURE_TEST_CASE(a_cancel_while_it_connects_ends_it, provider_fixture) {
  http_answer never;
  never.connect_delay = http_answer::never;
  clocks.connect_timeout_ms = 0ms;
  begin(never);
  caf_compat::post(*subject, abandon_attempt{});
  caf_compat::post(*subject, abandon_attempt{});
  advance();
  BOOST_TEST(report().stopped);
  BOOST_TEST((transfer_end() == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(a_killed_one_closes_its_socket, provider_fixture) {
  begin(stalled_answer("hello"));
  BOOST_TEST(http->running() == 1u);
  caf_compat::post_exit(*subject);
  advance();
  BOOST_TEST(http->running() == 0u);
  BOOST_TEST(!runs());
}
