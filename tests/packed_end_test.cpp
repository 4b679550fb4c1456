// Goal: a stream's end that was packed is told like one that was not.
// Method: the ends among the samples, bare and with everything set, as JSON.
#define BOOST_TEST_MODULE packed_end
#include <boost/test/unit_test.hpp>

#include "actors/packed_end.hpp"
#include "runtime/event_json.hpp"
#include "tests/support/event_samples.hpp"

#include <memory>
#include <vector>

using namespace penstock;
using namespace penstock::testing;

namespace {

closed_stream closed(event_body body) {
  return {std::make_shared<stream_identity>(
            stream_identity{"w", stream_id{7}, "msg_1"}),
          std::make_shared<const event_body>(std::move(body))};
}

std::vector<event_body> ends() {
  std::vector<event_body> all;
  for (const auto& samples : {full_samples(), bare_samples()})
    for (const auto& body : samples)
      if (terminal(body))
        all.push_back(body);
  event::stream_error late; // Its error has what the samples lack.
  late.why = {errc::overloaded, "later", 529, std::chrono::milliseconds{-1},
              false};
  all.emplace_back(late);
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_end_comes_back) {
  const auto all = ends();
  BOOST_REQUIRE(all.size() > 6u); // Three kinds, full and bare.
  for (const auto& body : all) {
    packed_end end{closed(body)};
    end.pack();
    end.pack(); // Once is enough.
    const auto is = end.unpack("w");
    BOOST_TEST(is.identity->workspace_id == "w");
    BOOST_TEST((is.identity->stream == stream_id{7}));
    BOOST_TEST(is.identity->message_id == "msg_1");
    BOOST_TEST(json_line(sample_of(*is.terminal))
               == json_line(sample_of(body)));
    if (const auto* failed = std::get_if<event::stream_error>(&body))
      BOOST_TEST(
        (std::get<event::stream_error>(*is.terminal).why == failed->why));
  }
}

BOOST_AUTO_TEST_CASE(the_event_goes_when_it_is_packed_and_not_before) {
  auto was = closed(event::stream_abort{});
  const std::weak_ptr<const event_body> event = was.terminal;
  packed_end end{std::move(was)};
  auto held = end.unpack("w").terminal;
  end.pack();
  BOOST_TEST(end.unpack("w").terminal
             == held); // Two hold it: it is not packed.
  held.reset();
  end.pack();
  BOOST_TEST(event.expired());
  BOOST_TEST((end.stream() == stream_id{7}));
  BOOST_TEST(bool{end});
}

BOOST_AUTO_TEST_CASE(none_is_none_and_packs_to_nothing) {
  static_assert(sizeof(packed_end) == 2 * sizeof(void*));
  packed_end end;
  end.pack();
  BOOST_TEST(!end);
}
