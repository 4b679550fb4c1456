// The world of a simulated workspace: clock, store, tools, DIRECTORY.
#include "tests/support/contract_simulation.hpp"

#include <algorithm>

namespace penstock::testing {

namespace {

const error disk_full{errc::storage, "disk full"};

template <class Record>
const Record* find(const std::vector<store_record>& records) {
  for (const auto& r : records)
    if (auto* it = std::get_if<Record>(&r))
      return it;
  return nullptr;
}

std::uint64_t number(stream_id id) {
  return static_cast<std::uint64_t>(id);
}

} // namespace

// One line of the story. Some need a state that is not there.
bool contract_simulation::step() {
  using move = bool (contract_simulation::*)();
  struct weighted {
    unsigned weight;
    const char* name;
    move does;
  };
  using sim = contract_simulation;
  static constexpr weighted moves[] = {
    {6, "start", &sim::start},
    {5, "stop", &sim::stop},
    {12, "stop arrives", &sim::stop_arrives},
    {1, "token", &sim::request_stop_by_token},
    {2, "await", &sim::await},
    {3, "enqueue", &sim::enqueue},
    {2, "edit", &sim::edit},
    {2, "look", &sim::look},
    {2, "connect", &sim::connect},
    {3, "cut", &sim::cut_connection},
    {4, "credit", &sim::return_credit},
    {10, "time", &sim::advance},
    {40, "store", &sim::answer_write},
    {15, "load", &sim::answer_load},
    {10, "load stream", &sim::answer_stream_load},
    {10, "scratch", &sim::answer_scratch},
    {12, "hook", &sim::answer_hook},
    {25, "parts", &sim::send_parts},
    {3, "late parts", &sim::send_late_parts},
    {14, "settle", &sim::settle},
    {1, "settle again", &sim::settle_again},
    {1, "supervisor", &sim::lose_supervisor},
    {15, "tool", &sim::return_tool},
    {15, "directory", &sim::meet_directory},
    {1, "stale timer", &sim::fire_disarmed},
  };
  static const unsigned sum = [] {
    unsigned all = 0;
    for (const auto& m : moves)
      all += m.weight;
    return all;
  }();
  auto at = pick(sum);
  const auto* m = moves;
  for (; at >= m->weight; ++m)
    at -= m->weight;
  if (!(this->*m->does)())
    return false;
  story_ += std::string{"\n  "} + m->name + " → " + model_.phase;
  if (story_.size() > 1'200)
    story_.erase(0, story_.size() - 1'000);
  return true;
}

contract_simulation::exchange* contract_simulation::current() {
  return attempts_.empty() ? nullptr : &attempts_.back();
}

bool contract_simulation::look() {
  if (!core_ || loading_)
    return false;
  if (auto wrong = compare_view(); !wrong.empty())
    watcher_->violations.push_back(wrong);
  return true;
}

// ---- store -----------------------------------------------------------------

void contract_simulation::learn() {
  const auto active = core_->active();
  model_.learn(active ? std::optional{number(*active)} : std::nullopt);
}

bool contract_simulation::is_enqueue(const record::queue_replaced& r) const {
  return !r.queue.empty() && model_.enqueued_last(r.queue.back().text);
}

// A failure of the rest would make the store forget what is only counted.
bool contract_simulation::may_fail(
  const cardboard_world::pending_write& w) const {
  const auto& r = w.records;
  if (find<record::stream_discarded>(r) || find<record::attempt_began>(r)
      || find<record::attempt_used>(r))
    return false;
  const auto* queue = std::get_if<record::queue_replaced>(&r.front());
  return !queue || is_enqueue(*queue);
}

void contract_simulation::tell_model(const cardboard_world::pending_write& w,
                                     const std::string& why) {
  const auto& r = w.records;
  const bool well = why.empty();
  if (auto* closed = find<record::stream_closed>(r)) {
    if (well) // Perhaps with the second word on it.
      unrecorded_.erase(number(closed->stream));
    else
      unrecorded_.insert(number(closed->stream));
    model_.closed(number(closed->stream), why);
  } else if (find<record::ids_unused>(r))
    model_.names_looked_up(why);
  else if (auto* opened = find<record::stream_opened>(r))
    model_.opened(number(opened->stream), opened->history_sequence, why);
  else if (find<record::stream_discarded>(r))
    return;
  else if (auto* started = find<record::tool_started>(r))
    model_.call_started(started->tool_call_id, well);
  else if (auto* ended = std::get_if<record::tool_ended>(&r.back());
           ended && !ended->result.provider_executed)
    model_.call_recorded(ended->result.tool_call_id, well);
  else if (auto* closed_part = find<record::part_closed>(r)) // A flush.
    model_.flushed(number(closed_part->stream), well);
  else if (auto* theirs = find<record::tool_ended>(r))
    model_.flushed(number(theirs->stream), well);
  else if (find<record::history_cut>(r))
    model_.edit_written(well);
  else if (auto* queue = std::get_if<record::queue_replaced>(&r.front());
           queue && is_enqueue(*queue))
    model_.enqueue_written(well);
  else if (auto* grown = find<record::part_grown>(r))
    model_.flushed(number(grown->stream), well);
  else if (auto* gone = find<record::parts_retracted>(r))
    model_.flushed(number(gone->stream), well);
}

void contract_simulation::write_done(cardboard_world::pending_write w,
                                     bool well) {
  error why = disk_full;
  if (well)
    store_.write("w", w.records, [&](error e) { why = std::move(e); });
  if (why.code == errc::none)
    learn_durable(w.records);
  core_->on(records_durable{w.token, why});
  tell_model(w, why.code == errc::none ? std::string{}
                                       : std::string{to_string(why.code)});
  learn();
  if (chance(2)) // The answer comes a second time: not to be counted.
    core_->on(records_durable{w.token, disk_full});
}

bool contract_simulation::answer_write() {
  if (world_.writes.empty() || !core_)
    return false;
  auto w = std::move(world_.writes.front());
  world_.writes.pop_front();
  const bool well = !may_fail(w) || chance(96);
  write_done(std::move(w), well);
  return true;
}

bool contract_simulation::answer_load() {
  if (!loading_)
    return false;
  loading_ = false;
  const bool well = is_shut_down_ || chance(97);
  if (well)
    store_.load("w", [&](auto snapshot) {
      core_->on(history_loaded{std::move(snapshot)});
    });
  else
    core_->on(history_loaded{fail(disk_full)});
  model_.loaded(well ? "" : "storage");
  return true;
}

bool contract_simulation::answer_stream_load() {
  if (world_.loads.empty() || !core_)
    return false;
  const auto [who, stream] = world_.loads.front();
  world_.loads.erase(world_.loads.begin());
  if (static_cast<std::uint64_t>(who) >> 63 != 0) // For a caller that waits.
    model_.looked_up();
  store_.load_stream("w", stream, [&, who = who](auto found) {
    core_->on(closed_stream_loaded{who, std::move(found)});
  });
  return true;
}

// ---- clock -----------------------------------------------------------------

void contract_simulation::fire(const deadline_due& due) {
  using what = deadline_kind;
  if (due.kind == what::store && due.generation == 0) {
    core_->on(due);
    if (!std::exchange(loading_, false))
      return;
    model_.loaded("storage");
    return core_->on(history_loaded{fail(disk_full)}); // Late, and in vain.
  }
  // It answers at the last moment.
  while (due.kind == what::look_up && answer_stream_load()) {
  }
  if (due.kind == what::store) {
    // The store keeps the order: what was written before is decided first.
    while (!world_.writes.empty()) {
      auto w = std::move(world_.writes.front());
      world_.writes.pop_front();
      const bool it = w.token == due.generation;
      if (it && may_fail(w)) {
        core_->on(due);
        tell_model(w, "storage");
        core_->on(records_durable{w.token, disk_full}); // Late, and in vain.
        return;
      }
      write_done(std::move(w), true);
      if (it)
        return;
    }
    return core_->on(due); // Answered already.
  }
  core_->on(due);
  const bool mine = core_->active() == due.stream;
  if (due.kind == what::kill && mine)
    model_.kill_due();
  else if (due.kind == what::soft_stop && mine)
    model_.soft_stop_due();
  else if (due.kind == what::stream && mine)
    model_.deadline_due();
}

bool contract_simulation::advance() {
  if (!core_)
    return false;
  if (world_.deadlines.empty() || chance(30)) {
    world_.time += milliseconds{1 + pick(300)};
  } else {
    world_.time = std::max(world_.time, world_.deadlines.begin()->first);
  }
  while (core_ && !world_.deadlines.empty()
         && world_.deadlines.begin()->first <= world_.time) {
    const auto due = world_.deadlines.begin()->second.second;
    world_.deadlines.erase(world_.deadlines.begin());
    fire(due);
    learn();
  }
  return true;
}

// It was on its way when it was taken back.
bool contract_simulation::fire_disarmed() {
  if (!core_ || world_.disarmed.empty())
    return false;
  const auto due = world_.disarmed.back();
  world_.disarmed.pop_back();
  if (due.kind != deadline_kind::passivate && due.kind != deadline_kind::store)
    fire(due);
  return true;
}

// ---- tools, hooks, scratch, DIRECTORY ---------------------------------------

bool contract_simulation::return_tool() {
  if (!core_ || world_.tools.empty())
    return false;
  const auto at = pick(world_.tools.size());
  const auto [call, run] = std::move(world_.tools[at]);
  world_.tools.erase(world_.tools.begin() + static_cast<std::ptrdiff_t>(at));
  core_->on(tool_finished{call, {"1", chance(20), {}}});
  model_.handler_returned(run.invocation.tool_call_id);
  return true;
}

bool contract_simulation::answer_hook() {
  if (!core_ || world_.preparations.empty())
    return false;
  const auto at = pick(world_.preparations.size());
  auto p = std::move(world_.preparations[at]);
  const bool latest = at + 1 == world_.preparations.size();
  world_.preparations.erase(world_.preparations.begin()
                            + static_cast<std::ptrdiff_t>(at));
  const bool well = chance(95);
  if (well)
    core_->on(step_prepared{p.stream, p.generation,
                            std::make_shared<const prompt>(p.plan.prompt)});
  else
    core_->on(step_prepared{p.stream, p.generation,
                            fail(errc::internal, "the hook threw")});
  model_.prepared(number(p.stream), latest, well);
  return true;
}

bool contract_simulation::answer_scratch() {
  if (!core_ || world_.scratch_wanted.empty())
    return false;
  const auto stream = world_.scratch_wanted.front().first;
  world_.scratch_wanted.erase(world_.scratch_wanted.begin());
  const bool well = chance(90);
  // Nobody looks into it: its stream has no tools.
  static int nowhere = 0;
  if (well)
    core_->on(scratch_ready{
      stream,
      std::shared_ptr<scratch_dir>(std::shared_ptr<void>{},
                                   reinterpret_cast<scratch_dir*>(&nowhere))});
  else
    core_->on(scratch_ready{stream, fail(errc::tool, "no such root")});
  model_.scratch(number(stream), well);
  return true;
}

bool contract_simulation::meet_directory() {
  if (!core_ || world_.offers.empty())
    return false;
  const auto offered = std::exchange(world_.offers, {}).back();
  if (offered != sent_)
    return true; // It crossed a command.
  if (!model_.rests() || !world_.writes.empty() || !world_.loads.empty()) {
    watcher_->violations.push_back("it would leave and has work to do");
    return true;
  }
  core_->on(retire{});
  parked_ = std::move(world_.retired.value());
  world_.retired.reset();
  core_.reset();
  world_.deadlines.clear();
  return true;
}

} // namespace penstock::testing
