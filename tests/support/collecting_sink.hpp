// A subscriber for tests: keeps what it gets and holds it against the rules
// that every sequence of events obeys.
#pragma once

#include "messages/subscriber.hpp"

#include <map>
#include <string>
#include <vector>

namespace penstock::testing {

/// What a client makes of the events: the transcript of each stream.
class transcript {
public:
  /// @returns what is wrong with `e` after all before it; empty: nothing.
  std::string take(const stream_event& e);

  /// Text per part of the stream that was heard of last.
  const std::map<std::uint32_t, std::string>& parts() const { return parts_; }
  std::string text() const;
  /// The place to reconnect from.
  const std::optional<position>& after() const { return after_; }
  bool ended() const { return ended_; }
  std::uint32_t starts() const { return starts_; }
  std::uint32_t ends() const { return ends_; }
  /// Forgets all but the count of events: the answer to mode `full`.
  void discard();

private:
  std::string grow(std::uint32_t part, std::uint64_t offset,
                   const std::string& more);

  stream_id stream_{};
  std::map<std::uint32_t, std::string> parts_;
  std::map<std::uint32_t, bool> closed_;
  std::optional<position> after_;
  bool ended_ = true;
  std::uint32_t starts_ = 0, ends_ = 0;
};

/// Collects. Returns its credit at once unless told to hold it.
class collecting_sink : public event_sink {
public:
  explicit collecting_sink(bool holds_credit = false)
    : holds_credit_(holds_credit) {}

  void deliver(event_batch batch) override;
  void closed() override { is_closed = true; }

  /// Names of all events, in order: "stream_start", "text_delta", …
  std::vector<std::string> names() const;
  template <class Event>
  std::vector<Event> all() const {
    std::vector<Event> found;
    for (const auto& e : events)
      if (auto* body = std::get_if<Event>(e.body.get()))
        found.push_back(*body);
    return found;
  }

  std::vector<stream_event> events;
  std::size_t batches = 0;
  transcript heard;
  std::vector<std::string> violations; ///< Must stay empty.
  bool is_closed = false;

private:
  const bool holds_credit_;
  std::uint64_t last_seq_ = 0;
};

} // namespace penstock::testing
