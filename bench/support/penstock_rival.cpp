// The runtime itself, from its front door: real HTTP, actors, events, the store
// in memory.
#include "bench/support/rival.hpp"
#include "providers/curl_http_client.hpp"
#include "runtime/runtime.hpp"

#include <cstdio>
#include <cstdlib>

namespace penstock::bench {

namespace {

/// Counts what one subscriber is told.
class counting_sink final : public event_sink {
public:
  counting_sink(tally& results, std::size_t index)
    : results_(results), index_(index) {}

  void deliver(event_batch batch) override {
    results_.batch();
    count(batch);
    (void)return_credit(); // Whoever delivers looks again by itself.
  }
  void count(const event_batch& batch) {
    for (const auto& e : batch) {
      if (const auto* delta = std::get_if<event::text_delta>(e.body.get()))
        results_.text(index_, delta->text);
      else if (terminal(*e.body))
        results_.ended(std::holds_alternative<event::stream_end>(*e.body));
    }
  }

private:
  tally& results_;
  const std::size_t index_;
};

class penstock_rival final : public rival {
public:
  penstock_rival(std::string_view name, const load& what, tally& results)
    : by_callback_(name == "penstock-callback"), what_(what),
      results_(results) {
    runtime_options options;
    // A client without a companion wakes CAF's scheduler for each read.
    if (name == "penstock-scheduled")
      if (auto made = make_curl_http_client())
        options.http = std::move(*made);
    provider_config bench;
    bench.api = "openai-chat";
    bench.base_url = what.server + "/v1";
    options.providers["bench"] = bench;
    options.store_path = what.store;
    options.ca_file = what.ca_file;
    options.log = [](const std::string& line) {
      std::fprintf(stderr, "log: %s\n", line.c_str());
    };
    auto opened = runtime::open(std::move(options));
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      std::exit(1);
    }
    runtime_ = std::move(*opened);
  }

  void start() override {
    for (std::size_t i = 0; i < what_.streams && !what_.one_by_one; ++i)
      begin(i);
  }
  void begin(std::size_t index) override { begin(name_of(index), index); }
  void replace(std::size_t index, std::size_t as) override {
    begin(name_of(index), as);
  }
  void abort(std::size_t index) override {
    runtime_->stop(stop_request{.workspace_id = name_of(index)},
                   [](expected<stop_result>) {});
  }

private:
  void begin(std::string workspace, std::size_t index) {
    start_request request;
    request.workspace_id = std::move(workspace);
    request.messages = {user_text("Go on.")};
    request.model = "bench:" + what_.shape;
    if (by_callback_) {
      auto sink = std::make_shared<counting_sink>(results_, index);
      listen(request.workspace_id,
             {[sink](const event_batch& b) { sink->count(b); }, {}});
    } else {
      request.subscriber = std::make_shared<counting_sink>(results_, index);
    }
    for (std::size_t i = 1; i < what_.subscribers; ++i)
      listen(request.workspace_id,
             {[this](const event_batch&) { results_.batch(); }, {}});
    runtime_->start(std::move(request), [this](expected<stream_id> id) {
      if (!id) {
        std::fprintf(stderr, "start: %s\n", id.error().message.c_str());
        results_.ended(false);
      }
    });
  }
  static std::string name_of(std::size_t index) {
    return "bench-" + std::to_string(index);
  }

  void listen(const std::string& workspace, subscription_callbacks calls) {
    auto listening = runtime_->subscribe(workspace, std::move(calls));
    if (listening)
      subscriptions_.push_back(std::move(*listening));
  }

  const bool by_callback_;
  const load what_;
  tally& results_;
  std::unique_ptr<runtime> runtime_;
  std::vector<subscription> subscriptions_; // Go first.
};

} // namespace

std::unique_ptr<rival> make_penstock_rival(std::string_view name,
                                           const load& what, tally& results) {
  return std::make_unique<penstock_rival>(name, what, results);
}

} // namespace penstock::bench
