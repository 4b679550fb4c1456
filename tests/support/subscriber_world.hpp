// What the tests of subscriber_set share: logs by hand, and who listens.
#pragma once

#include "actors/subscriber_set.hpp"
#include "tests/support/collecting_sink.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing::subscribers {

using mode = event::caught_up::mode;
using names_list = std::vector<std::string>;

inline std::shared_ptr<stream_log> make_log(std::uint64_t id) {
  return std::make_shared<stream_log>(
    std::make_shared<stream_identity>(stream_identity{"w", stream_id{id}, "m"}),
    event::stream_start{"p:m", "p:m", id, "{}"});
}

struct world {
  const std::string workspace_id{"w"};
  subscriber_set all{workspace_id};
  std::uint64_t next_id = 1;

  std::shared_ptr<collecting_sink> add(std::optional<position> after = {},
                                       bool holds_credit = false) {
    auto sink = std::make_shared<collecting_sink>(holds_credit);
    all.add({"w", subscription_id{next_id++}, sink, after});
    publish();
    return sink;
  }
  void publish() { all.publish("streaming", {}); }
  /// A log with one text, told to all.
  std::shared_ptr<stream_log> stream(std::uint64_t id, const char* text) {
    auto log = make_log(id);
    all.begin(log);
    log->append(log->open_text(), text);
    publish();
    return log;
  }
  void end(stream_log& log) {
    log.terminate(event::stream_end{});
    publish();
  }
};

inline mode mode_of(const collecting_sink& sink) {
  const auto all = sink.all<event::caught_up>();
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  return all[0].how;
}

} // namespace penstock::testing::subscribers
