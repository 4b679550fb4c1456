// Random lives of one workspace: the real rules and the model of the contract
// get the same story, and what each owes is compared after every line of it.
#pragma once

#include "runtime/in_memory_store.hpp"
#include "tests/support/contract_model.hpp"
#include "tests/support/mirror_client.hpp"
#include "tests/support/workspace_fixture.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// Plays everyone around a workspace: callers, clients, network, store, clock,
/// tools and DIRECTORY. All that it does follows from the seed.
class contract_simulation {
public:
  /// @param counts how often each cell of the machine's table was used.
  contract_simulation(std::uint64_t seed, transition_counts& counts);

  /// One life. @returns what is wrong, and after what; empty: nothing is.
  std::string run();

private:
  /// One attempt, as the network sees it.
  struct exchange {
    run_attempt order;
    bool told_start = false, settled = false;
    std::uint32_t batches = 0, keys = 0;
    std::optional<part_key> open_text;
    bool open_call = false, whole_calls = false, finish_seen = false;
  };

  // What can happen. @returns whether it could.
  bool step();
  bool start();
  bool stop();
  bool stop_arrives();
  bool request_stop_by_token();
  bool await();
  bool enqueue();
  bool edit();
  bool look();
  bool connect();
  bool cut_connection();
  bool return_credit();
  bool advance();
  bool answer_write();
  bool answer_load();
  bool answer_stream_load();
  bool answer_scratch();
  bool answer_hook();
  bool send_parts();
  bool send_late_parts();
  bool settle();
  bool settle_again();
  bool lose_supervisor();
  bool return_tool();
  bool meet_directory();
  bool fire_disarmed();

  template <class Command>
  void command(const Command& m);
  void fire(const deadline_due& due);
  void learn();
  void learn_durable(const std::vector<store_record>& records);
  void write_done(cardboard_world::pending_write w, bool well);
  void tell_model(const cardboard_world::pending_write& w,
                  const std::string& why);
  bool is_enqueue(const record::queue_replaced& r) const;
  bool model_current(const exchange& x) const;
  bool may_fail(const cardboard_world::pending_write& w) const;
  std::vector<contract_model::wire_part> make_batch(exchange& x,
                                                    bool finish_seen);
  std::vector<stream_part>
  on_wire(const std::vector<contract_model::wire_part>& batch) const;
  std::string compare();
  std::string compare_told();
  bool is_held() const;
  std::string compare_view();
  std::string wind_down();
  std::string compare_clients();
  std::string compare_screen(const mirror_client& client) const;

  std::size_t caller();
  template <class T, class Word>
  reply<T> answer_to(std::size_t who, Word word);
  bool chance(unsigned percent) { return pick(100) < percent; }
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::optional<std::uint64_t> some_stream();
  std::size_t streams_over() const;
  exchange* current();

  std::mt19937_64 random_;
  cardboard_world world_;
  tool_set tools_;
  workspace_settings settings_;
  in_memory_store store_;
  contract_model model_;
  bool loading_ = false;
  std::vector<parked_subscriber> parked_;
  std::uint64_t sent_ = 0; ///< Commands to this incarnation.
  std::map<std::size_t, std::string> answers_;
  std::size_t callers_ = 0;
  std::vector<exchange> attempts_;
  std::vector<std::uint64_t> streams_; ///< Registered ones.
  /// By stream, of its terminal event; what the store knows nothing of.
  std::map<std::uint64_t, std::vector<std::string>> final_parts_;
  std::set<std::uint64_t> unrecorded_;
  std::vector<std::pair<std::uint64_t, std::stop_source>> tokens_;
  std::function<void()> stop_on_its_way_; ///< Its mark is set.
  std::shared_ptr<collecting_sink> watcher_ =
    std::make_shared<collecting_sink>();
  std::size_t watched_ = 0, owed_ = 0; ///< Events seen, of the timeline.
  /// Ids of calls: results that are stored, and those that were told.
  std::set<std::string> durable_results_, told_results_;
  std::vector<std::string> seen_; ///< As `timeline`.
  std::vector<std::pair<subscription_id, std::shared_ptr<mirror_client>>>
    clients_;
  std::uint64_t next_name_ = 1'000'000, next_text_ = 0, next_client_ = 10;
  bool is_shut_down_ = false;
  std::string story_; ///< Of the last steps.
  /// None: out of memory. Last: what it drops unanswered is told to the above.
  std::optional<workspace_core> core_;
};

/// As DIRECTORY does: one that is out of memory comes back.
template <class Command>
void contract_simulation::command(const Command& m) {
  if (!core_) {
    core_.emplace("w", settings_, world_, std::exchange(parked_, {}));
    loading_ = true;
    sent_ = 0;
    model_.revived();
  }
  ++sent_;
  core_->command_received();
  core_->on(m);
}

} // namespace penstock::testing
