// Goal: a companion gets its turns on the client's thread, after calls to
// listeners and never inside of one. Method: the real client against the
// loopback server, and a companion that takes notes.
#define BOOST_TEST_MODULE curl_http_client_companion
#include <boost/test/unit_test.hpp>

#include "tests/support/curl_fixture.hpp"

#include <atomic>
#include <thread>

using namespace penstock;
using namespace penstock::testing;

namespace {

struct companion final : loop_companion {
  void begin() override {
    thread = std::this_thread::get_id();
    begun = true;
  }
  void turn() override {
    good = good && begun && !ended && !inside
           && thread == std::this_thread::get_id();
    ++turns;
  }
  void end() override {
    good = good && thread == std::this_thread::get_id();
    ended = true;
  }

  std::thread::id thread;
  std::atomic<bool> begun{false}, ended{false}, inside{false}, good{true};
  std::atomic<int> turns{0};
};

struct listener final : http_listener {
  explicit listener(companion& notes) : with(notes) {}
  void on_response(http_response_head) override { note(); }
  bool on_body(std::string_view bytes) override {
    note();
    size += bytes.size();
    return true;
  }
  void on_end(error) override {
    note();
    over = true;
    over.notify_all();
  }
  void note() {
    with.inside = true;
    with.good = with.good && with.thread == std::this_thread::get_id();
    with.inside = false;
  }
  companion& with;
  std::size_t size = 0;
  std::atomic<bool> over{false};
};

} // namespace

BOOST_AUTO_TEST_CASE(a_companion_has_turns_between_the_calls_to_listeners) {
  const auto notes = std::make_shared<companion>();
  auto got = std::make_shared<listener>(*notes);
  {
    curl_options options;
    options.companion = notes;
    const auto client = std::move(make_curl_http_client(options).value());
    const auto server = curl_fixture::serve(
      http_script{openai_chat_answer(scripted_turn{}.text("Hello there"))});
    client->start(curl_fixture::post(server->url()), got);
    got->over.wait(false);
    BOOST_TEST(notes->turns > 0);
  }
  BOOST_TEST(got->size > 0u);
  BOOST_TEST(notes->good);
  BOOST_TEST(notes->ended);
}
