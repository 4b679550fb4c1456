// One PROVIDER between a probe of WORKSPACE and one of SUPERVISOR.
#pragma once

#include "actors/provider.hpp"
#include "tests/support/attempt_world.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <optional>
#include <vector>

namespace penstock::testing {

/// What a SUPERVISOR gets to hear.
struct supervisor_log {
  std::size_t answered = 0;
  std::vector<attempt_report> reports;
};

struct supervisor_probe {
  using shell = caf_compat::shell<supervisor_protocol, supervisor_probe>;
  supervisor_probe(shell&, std::shared_ptr<supervisor_log> l)
    : log(std::move(l)) {}

  void on(const attempt_answered&) { ++log->answered; }
  void on(const attempt_ended& m) { log->reports.push_back(m.report); }
  template <class Message>
  void on(const Message&) {}

  std::shared_ptr<supervisor_log> log;
};

struct provider_fixture : attempt_world {
  std::shared_ptr<supervisor_log> told = std::make_shared<supervisor_log>();
  supervisor_actor supervisor;
  std::shared_ptr<attempt_link> link = std::make_shared<attempt_link>(4096);
  attempt_clocks clocks;
  bool tell_what_is_left_out = false;
  std::optional<provider_actor> subject;
  std::weak_ptr<const prompt> asked; ///< What it was given to ask.

  provider_fixture() {
    supervisor =
      caf_compat::spawn<supervisor_protocol, supervisor_probe>(system, told);
    run();
  }
  ~provider_fixture() {
    if (subject)
      caf_compat::post(*subject, abandon_attempt{});
    advance();
    caf_compat::post_exit(supervisor);
    run();
  }

  std::shared_ptr<const prompt> asked_now() {
    auto made = question();
    asked = made;
    return made;
  }

  /// Starts the attempt, and lets happen what happens at once.
  void begin() {
    auto plan = std::make_shared<stream_plan>();
    plan->workspace_name = "Ada's";
    provider_order order{
      .attempt = {stream_id{1}, 1},
      .report_to = workspace,
      .supervisor = supervisor,
      .what = asked_now(),
      .link = link,
      .model = std::make_shared<const resolved_model>(*resolve("a:one")),
      .clocks = clocks,
      .finish_linger_ms = milliseconds{1'000},
      .error_body_timeout_ms = milliseconds{10'000},
      .tell_what_is_left_out = tell_what_is_left_out,
      .plan = std::move(plan),
    };
    subject = caf_compat::spawn<provider_protocol, provider_state>(
      system, std::shared_ptr<const attempt_environment>{env},
      std::move(order));
    advance();
  }
  void begin(http_answer answer) {
    play(std::vector{std::move(answer)});
    begin();
  }

  bool runs() const { return codec.decoders() == 1; }
  /// The one report there must be.
  const attempt_report& report() const {
    BOOST_REQUIRE_EQUAL(told->reports.size(), 1u);
    return told->reports.front();
  }
  /// "timeout: …"; empty: no failure.
  std::string failure() const {
    const auto& why = report().failure;
    return why ? std::string{to_string(why->code)} + ": " + why->message : "";
  }
  transfer_record transfer() const {
    BOOST_REQUIRE_EQUAL(transfers().size(), 1u);
    return transfers().front();
  }
  /// What the transfer's end said.
  errc transfer_end() const {
    const auto ended = transfer().ended;
    BOOST_REQUIRE(ended.has_value());
    return ended->code;
  }
};

} // namespace penstock::testing
