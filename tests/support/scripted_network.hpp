// The scripted network on a clock that is moved by hand.
#pragma once

#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "tests/support/recording_listener.hpp"
#include "tests/support/virtual_clock.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace penstock::testing {

using namespace std::chrono_literals;

inline constexpr auto url = "http://api.example/v1/chat/completions";

inline http_request post(std::string to = url, std::string body = "{}") {
  http_request request;
  request.url = std::move(to);
  request.body = std::move(body);
  return request;
}

/// Writes each call with its time since the start: "5:head 200".
class teller : public http_listener {
public:
  teller(penstock::clock& time, std::string& story)
    : time_(time), begin_(time.now()), story_(story) {}
  std::function<bool(std::string_view)> on_bytes; ///< Whether to go on.
  std::function<void()> on_every_call;

  void on_connected() override { tell("connected"); }
  void on_response(http_response_head head) override {
    tell("head " + std::to_string(head.status));
  }
  bool on_body(std::string_view bytes) override {
    tell("'" + std::string{bytes} + "'");
    return !on_bytes || on_bytes(bytes);
  }
  void on_end(error why) override { tell(std::string{to_string(why.code)}); }

private:
  void tell(const std::string& what) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
      time_.now() - begin_);
    story_ +=
      (story_.empty() ? "" : " ") + std::to_string(at.count()) + ":" + what;
    if (on_every_call)
      on_every_call();
  }
  penstock::clock& time_;
  steady_time begin_;
  std::string& story_;
};

struct network_fixture {
  virtual_clock time;
  std::string story;
  std::shared_ptr<teller> listener = std::make_shared<teller>(time, story);
  std::unique_ptr<scripted_http_client> client;

  void play(http_script script) {
    client = std::make_unique<scripted_http_client>(time, std::move(script));
  }
  void play(http_answer answer) { play(http_script{std::move(answer)}); }
  transfer_id start(http_request request = post()) {
    return client->start(std::move(request), listener);
  }
  transfer_record record() const { return client->records().at(0); }
};

inline http_answer two_pieces() {
  http_answer answer;
  answer.connect_delay = 5ms;
  answer.head_delay = 10ms;
  answer.body = {{"a", 20ms, 1}, {"b", 30ms, 1}};
  answer.end_delay = 1ms;
  return answer;
}

} // namespace penstock::testing
