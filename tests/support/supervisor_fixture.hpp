// The SUPERVISOR in the world of attempts: verbs, so that a test reads as a
// story.
#pragma once

#include "actors/supervisor.hpp"
#include "tests/support/attempt_world.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing {

struct supervisor_fixture : attempt_world {
  std::vector<std::string> models{"a:one", "b:two"};
  stream_options options; ///< Of the streams to come.

  ~supervisor_fixture() {
    if (!subject_)
      return;
    for (const auto& [stream, link] : links_)
      cancel(stream);
    advance(std::chrono::minutes{1});
    caf_compat::post_exit(*subject_);
    subject_.reset();
    run();
  }

  /// The n-th request gets the n-th answer, the last one all that follow.
  void answer(std::vector<http_answer> answers) { play(std::move(answers)); }

  /// How many attempts an endpoint takes. Before the first attempt.
  void limit(std::uint32_t attempts) {
    env->endpoints.max_concurrent_attempts = attempts;
  }

  const supervisor_actor& subject() {
    if (!subject_)
      subject_ = caf_compat::spawn<supervisor_protocol, supervisor_state>(
        system, std::shared_ptr<const attempt_environment>{env});
    return *subject_;
  }

  /// The first attempt of a stream, with the first model.
  void run_attempt_of(std::uint64_t stream,
                      std::chrono::milliseconds delay = {},
                      const std::string& workspace_id = "w") {
    auto plan = std::make_shared<stream_plan>();
    plan->workspace_id = workspace_id;
    plan->models = models;
    plan->options = std::make_shared<stream_options>(options);
    links_[stream] = std::make_shared<attempt_link>(1u << 20);
    caf_compat::post(subject(), run_attempt{id(stream), 1, workspace,
                                            std::move(plan), models.front(),
                                            question(), links_[stream], delay});
    run();
  }
  void cancel(std::uint64_t stream) {
    caf_compat::post(subject(), cancel_attempt{id(stream)});
    run();
  }
  void forget(std::uint64_t stream) {
    caf_compat::post(subject(), forget_stream{stream_id{stream}});
    run();
  }

  const attempt_verdict& last() const {
    BOOST_REQUIRE(!heard->settled.empty());
    return heard->settled.back().verdict;
  }

private:
  static attempt_id id(std::uint64_t stream) { return {stream_id{stream}, 1}; }

  std::optional<supervisor_actor> subject_;
  std::map<std::uint64_t, std::shared_ptr<attempt_link>> links_;
};

} // namespace penstock::testing
