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
#include <utility>
#include <vector>

namespace penstock::testing {

struct supervisor_fixture : attempt_world {
  std::vector<std::string> models{"a:one", "b:two"};
  stream_options options;  ///< Of the streams to come.
  bool has_output = false; ///< Likewise.

  ~supervisor_fixture() {
    if (!subject_)
      return;
    for (const auto& [run, link] : links_)
      cancel(run.first, run.second);
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
    auto& link = links_[{stream, workspace_id}];
    link = std::make_shared<attempt_link>(1u << 20);
    caf_compat::post(subject(),
                     run_attempt{id(stream), 1, workspace, std::move(plan),
                                 models.front(), question(), link, delay, 0,
                                 has_output});
    run();
  }
  /// Of "w": its second attempt, with the second model, races with its first.
  void hedge(std::uint64_t stream) {
    auto plan = std::make_shared<stream_plan>();
    plan->workspace_id = "w";
    plan->models = models;
    plan->options = std::make_shared<stream_options>(options);
    run_attempt m{{stream_id{stream}, 2},
                  1,
                  workspace,
                  std::move(plan),
                  models.at(1),
                  question(),
                  std::make_shared<attempt_link>(1u << 20),
                  {},
                  1};
    caf_compat::post(subject(), std::move(m));
    run();
  }
  void cancel_hedge(std::uint64_t stream) {
    caf_compat::post(subject(), cancel_attempt{{stream_id{stream}, 2}, "w"});
    run();
  }
  /// Of a workspace, or of all.
  void cancel(std::uint64_t stream, const std::string& workspace_id = "") {
    for (const auto& in : workspaces_of(stream, workspace_id))
      caf_compat::post(subject(), cancel_attempt{id(stream), in});
    run();
  }
  void forget(std::uint64_t stream, const std::string& workspace_id = "") {
    for (const auto& in : workspaces_of(stream, workspace_id))
      caf_compat::post(subject(), forget_stream{stream_id{stream}, in});
    run();
  }

  std::vector<endpoint_view> health() {
    std::optional<std::vector<endpoint_view>> seen;
    caf_compat::post(subject(),
                     view_health{reply<std::vector<endpoint_view>>{
                       [&](auto views) { seen = std::move(*views); }}});
    run();
    BOOST_REQUIRE(seen);
    return *seen;
  }

  const attempt_verdict& last() const {
    BOOST_REQUIRE(!heard->settled.empty());
    return heard->settled.back().verdict;
  }

private:
  static attempt_id id(std::uint64_t stream) { return {stream_id{stream}, 1}; }
  std::vector<std::string> workspaces_of(std::uint64_t stream,
                                         const std::string& only) const {
    std::vector<std::string> all;
    for (const auto& [run, link] : links_)
      if (run.first == stream && (only.empty() || run.second == only))
        all.push_back(run.second);
    return all;
  }

  std::optional<supervisor_actor> subject_;
  std::map<std::pair<std::uint64_t, std::string>, std::shared_ptr<attempt_link>>
    links_;
};

} // namespace penstock::testing
