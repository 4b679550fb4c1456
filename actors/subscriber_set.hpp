// Who listens to one workspace, and how far each has been told.
#pragma once

#include "actors/packed_block.hpp"
#include "actors/stream_log.hpp"
#include "messages/actor_messages.hpp"
#include "messages/boxed.hpp"
#include "messages/clock.hpp"
#include "messages/subscriber.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock {

/// Subscribers by place and credit (SPEC §3). None has a queue: what one lacks
/// is what lies after its place, told in one batch when it has credit.
///
/// Cost:      a subscriber without credit costs nothing per event, and pins at
///            most the log that it is in. Those that stand at one place are
///            told the same events: their texts exist once.
/// Threads:   one owner, WORKSPACE.
/// Invariant: a subscriber's places only move forward, so nothing is told
///            twice and nothing is left out.
class subscriber_set {
public:
  /// @param workspace_id outlives this.
  explicit subscriber_set(const std::string& workspace_id)
    : workspace_id_(workspace_id) {}
  explicit subscriber_set(std::string&&) = delete;

  /// A stream begins; all subscribers will be told of it, each after what it
  /// still lacks of the streams before.
  void begin(std::shared_ptr<const stream_log> log);

  /// One that goes on from `m.after` if that is in memory, else from a
  /// snapshot.
  void add(const subscribe& m);
  /// One whose position the store is asked about. It is told nothing until
  /// `add_after`, and then all that has happened from here on.
  void add_waiting(const subscribe& m);
  /// The stream that a position named was over and is not in memory.
  void add_after(const subscribe& m, std::optional<closed_stream> found);
  /// Whether `add` can place it, or the store must be asked.
  bool knows(const position& p) const;

  /// One that sees the present stream from its first event to its last.
  void add_for_stream(subscription_id id, std::shared_ptr<event_sink> sink);

  void remove(subscription_id id);

  /// Lets go of the last stream if it is over and everybody was told of it.
  /// From then on `knows` knows its end alone: who was elsewhere in it is to be
  /// added with `add_after`. Streams before it that someone was slow to follow
  /// stay until the next one: the store may have failed to keep their ends.
  void forget_ended();

  /// Comes back to life with a workspace that was passivated.
  void adopt(parked_subscriber one);
  /// Gives all of them away. @pre all that they lack was told, or is gone.
  std::vector<parked_subscriber> park();
  /// Whether nobody waits for anything.
  bool settled();

  /// What is no log entry: told to all, once, only its last value.
  void note(event_body what);

  /// Tells everyone with credit what it lacks.
  void publish(std::string_view state, wall_time now);
  /// The same for one that has just returned its credit.
  void publish_to(subscription_id id, std::string_view state, wall_time now);
  /// Tells everyone all it lacks, credit or not: there will be no other time.
  void publish_rest(std::string_view state, wall_time now);

private:
  struct told {
    std::shared_ptr<const stream_identity> of;
    std::shared_ptr<const event_body> body;
  };
  struct one {
    std::shared_ptr<event_sink> sink;
    std::uint64_t seq = 0;
    /// The stream it is in; null before the first, and where it is forgotten.
    std::shared_ptr<const stream_log> log;
    std::uint64_t ordinal = 0; ///< Of `log`; the next it needs is one higher.
    stream_log::place at;
    bool leaves_at_end = false; ///< Came with its stream and goes with it.
    bool waits = false;         ///< For the store's word on its position.
    /// Still to be told; until then, what it gets is a replay.
    boxed<event::caught_up> caught_up;
    std::vector<told> notes; ///< At most one of each kind.
  };

  /// What the present log has told from one place, for the next there.
  struct telling {
    stream_log::place from, end; ///< `end` of the log: else it has grown.
    std::uint32_t until = 0;     ///< As it was held.
    stream_log::place to;
    bool all = false;
    event_batch events;
  };
  static constexpr std::size_t tellings_max = 4;

  using iterator = std::map<subscription_id, one>::iterator;

  /// The end of a stream whose log is forgotten.
  struct end_of_stream {
    position where{}; ///< Stream 0: of none.
    packed_block message_id{};
    bool is(const position& p) const { return any() && p == where; }
    bool any() const { return where.stream != stream_id{}; }
  };

  bool pending(one& s);
  bool over(one& s);
  iterator leave(iterator it);
  bool next_log(one& s);
  bool tell(one& s, event_batch& batch);
  void forget_tellings();
  bool fill(one& s, event_batch& batch, std::string_view state);
  void publish(one& s, std::string_view state, wall_time now,
               bool is_last = false);
  void place_at_end(one& s);
  std::shared_ptr<const stream_identity> name_place(const one& s,
                                                    event::caught_up& what);

  const std::shared_ptr<const stream_identity>& workspace();

  const std::string& workspace_id_;
  std::map<subscription_id, one> all_;
  std::vector<std::shared_ptr<const stream_log>> recent_; // the last is current
  std::uint64_t first_ordinal_ = 1;                       // of recent_.front()
  std::shared_ptr<const stream_identity> workspace_;      // of notes: no stream
  end_of_stream last_;            ///< Before all of recent_, which is empty.
  std::vector<telling> tellings_; ///< The newest last; none once it has ended.
};

} // namespace penstock
