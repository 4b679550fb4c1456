// A client that shows a workspace's present stream, loses its connection and
// goes on from where it was.
#pragma once

#include "messages/subscriber.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing {

/// What a user sees, and what is wrong with how it came about.
class mirror_client final : public event_sink {
public:
  explicit mirror_client(bool is_slow) : is_slow_(is_slow) {}
  /// The same screen on a new connection.
  mirror_client(const mirror_client& before, bool is_slow);

  /// The test's notes: streams that were over when it connected, and what it
  /// came with.
  std::size_t over_before = 0;
  std::optional<position> came_with;

  /// What a user sees of the parts of a terminal event, by part.
  static std::map<std::uint32_t, std::string>
  shown_of(const std::vector<final_part>& parts);

  void deliver(event_batch batch) override;

  std::vector<std::string> shown() const;
  /// Of what is shown; none: nothing is, by the runtime's own word.
  std::optional<stream_id> stream() const { return stream_; }
  const std::optional<position>& after() const { return after_; }
  bool ended() const { return ended_; }
  /// Whether this connection brought anything of any stream.
  bool was_told() const { return told_; }
  const std::string& trouble() const { return trouble_; }

private:
  void take(const stream_event& e);
  void grow(std::uint32_t part, std::uint64_t offset, const std::string& more);
  void end(const stream_event& e, const std::vector<final_part>& parts);
  void complain(std::string what) {
    if (trouble_.empty())
      trouble_ = std::move(what);
  }

  const bool is_slow_;
  std::uint64_t seq_ = 0;
  bool replayed_ = false; ///< On this connection.
  bool told_ = false;     ///< The same.
  bool ended_ = true;
  std::optional<stream_id> stream_;
  std::optional<position> after_;
  std::map<std::uint32_t, std::string> parts_;
  std::string trouble_;
};

} // namespace penstock::testing
