// Goal: a transfer keeps nothing of its request while the answer lasts.
// Method: one large block is told from all others of this program.
#define BOOST_TEST_MODULE curl_http_client_memory
#include <boost/test/unit_test.hpp>

#include "tests/support/counted_new.hpp"
#include "tests/support/curl_fixture.hpp"

#include <atomic>

namespace {

constexpr std::size_t marked_bytes = (3u << 20) + 4'321;
std::atomic<int> marked_blocks{0};

} // namespace

void count_block(std::size_t bytes, int more) noexcept {
  if (bytes > marked_bytes && bytes < marked_bytes + 8'192)
    marked_blocks += more;
}

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_CASE(a_body_is_let_go_of_when_the_answer_begins,
                        curl_fixture) {
  http_answer answer;
  answer.body = {{"a", 0ms, 1}, {"b", 1h, 1}};
  const auto server = serve(http_script{std::move(answer)});
  const auto listener = std::make_shared<recording_listener>();
  BOOST_REQUIRE(marked_blocks == 0);
  auto request = post(server->url());
  request.body.reserve(marked_bytes); // The server's copy has no such room.
  BOOST_REQUIRE(marked_blocks == 1);
  const auto id = client->start(std::move(request), listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.body == "a"; }));
  BOOST_TEST(marked_blocks == 0);
  client->cancel(id);
  BOOST_REQUIRE(listener->wait_for_end());
}
