// Goal: whatever a token needs on its way is fetched before the next one is
// read. Method: notes of memory that the test chose; a whole runtime on the
// real client and a server on loopback, with a sink that looks at what was
// noted.
#define BOOST_TEST_MODULE footprint
#include <boost/test/unit_test.hpp>

#include "messages/footprint.hpp"
#include "runtime/runtime.hpp"
#include "tests/support/curl_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>

using namespace penstock;
using namespace penstock::testing;
using place = footprint::place;

namespace {

std::vector<const void*> lines_of(const footprint& of) {
  std::vector<const void*> all;
  of.each_line([&](const void* line) { all.push_back(line); });
  return all;
}

struct alignas(footprint::line_bytes) lines {
  char bytes[4 * footprint::line_bytes];
  const char* at(std::size_t i) const { return bytes + i; }
};

/// Takes events, and remembers the most places that were noted at once.
struct looking_sink final : event_sink {
  void deliver(event_batch batch) override {
    if (const auto* const noted = footprint::of_this_thread()) {
      std::vector<std::size_t> lacking;
      for (std::size_t i = 0; i < footprint::places; ++i)
        if (!noted->has(static_cast<place>(i)))
          lacking.push_back(i);
      if (!looked || lacking.size() < least.size())
        least = lacking;
      looked = true;
    }
    (void)return_credit();
    if (terminal(*batch.back().body))
      over = true;
    over.notify_all();
  }
  std::vector<std::size_t> least;
  bool looked = false;
  std::atomic<bool> over{false};
};

} // namespace

BOOST_AUTO_TEST_CASE(each_line_that_an_object_lies_in_is_noted) {
  const lines memory{};
  footprint of;
  {
    const footprint::recording on{of};
    footprint::note(place::log, memory.at(60), memory.at(68));
  }
  BOOST_TEST(
    (lines_of(of) == std::vector<const void*>{memory.at(0), memory.at(64)}));
  {
    const footprint::recording on{of};
    footprint::note(place::log, memory.at(64), memory.at(128));
    footprint::note(place::sink, *memory.at(255));
  }
  BOOST_TEST(
    (lines_of(of) == std::vector<const void*>{memory.at(64), memory.at(192)}),
    "a later note takes the place of the one before");
  BOOST_TEST(of.has(place::sink));
  BOOST_TEST(!of.has(place::link));
}

BOOST_AUTO_TEST_CASE(a_note_counts_where_its_thread_records) {
  const lines memory{};
  footprint of;
  BOOST_TEST(!footprint::of_this_thread());
  {
    const footprint::recording on{of};
    BOOST_TEST(footprint::of_this_thread() == &of);
    std::thread{[&] {
      BOOST_TEST(!footprint::of_this_thread());
      footprint::note(place::log, memory);
    }}.join();
  }
  footprint::note(place::log, memory);
  BOOST_TEST(lines_of(of).empty());
}

BOOST_AUTO_TEST_CASE(what_is_gone_can_be_fetched) {
  footprint of;
  {
    const footprint::recording on{of};
    const auto gone = std::make_unique<lines>();
    footprint::note(place::log, *gone);
    const auto nowhere = reinterpret_cast<const char*>(std::uintptr_t{4'096});
    footprint::note(place::sink, nowhere, nowhere + 64);
  }
  of.fetch();
  BOOST_TEST(lines_of(of).size() == 5u);
}

// An object that no longer says where it is costs a miss of the cache for each
// token, and nothing else would show it.
BOOST_AUTO_TEST_CASE(a_token_notes_every_place_on_its_way) {
  const auto sink = std::make_shared<looking_sink>();
  std::vector<std::string> words(200, "word ");
  const auto server = curl_fixture::serve(http_script{openai_chat_answer(
    scripted_turn{}.tokens(words), {.between = std::chrono::milliseconds{2}})});
  runtime_options options;
  auto& mine = options.providers["mine"];
  mine.api = "openai-chat";
  mine.base_url = server->url();
  const auto rt = std::move(runtime::open(std::move(options)).value());
  start_request request;
  request.workspace_id = "w";
  request.messages = {user_text("hi")};
  request.model = "mine:a";
  request.subscriber = sink;
  BOOST_REQUIRE(rt->start(std::move(request)).has_value());
  sink->over.wait(false);
  BOOST_REQUIRE(sink->looked);
  BOOST_TEST(sink->least == std::vector<std::size_t>{},
             boost::test_tools::per_element());
}
