#include "tests/support/contract_simulation.hpp"

#include <algorithm>

namespace penstock::testing {

using namespace std::chrono_literals;
using reason = event::stream_abort::reason;

namespace {

/// No two simulations differ in their tools.
const tool_set& all_tools() {
  static const tool_set made = [] {
    tool_set all;
    for (const auto* name : {"look", "write"}) {
      auto one = std::make_shared<tool>();
      one->definition.name = name;
      one->definition.input_schema_json = R"({"type":"object"})";
      one->handler = [](const tool_invocation&) { return tool_outcome{}; };
      one->read_only = one->definition.name == "look";
      all.emplace(one->definition.name, *check_tool(one));
    }
    return all;
  }();
  return made;
}

} // namespace

contract_simulation::contract_simulation(std::uint64_t seed,
                                         transition_counts& counts)
  : random_(seed), tools_(all_tools()) {
  settings_.counts = &counts;
  settings_.tools = [this] {
    return std::shared_ptr<const tool_set>(std::shared_ptr<void>{}, &tools_);
  };
  model_.retract_partial = chance(30);
  settings_.streams->on_partial =
    model_.retract_partial ? partial_policy::retract : partial_policy::proceed;
  settings_.streams->max_steps = model_.steps_max;
  if (chance(30))
    settings_.streams->stream_deadline_ms = milliseconds{3'000};
  settings_.workspaces.passivate_after_ms =
    milliseconds{chance(50) ? 0 : 1'000};
  settings_.workspaces.store_deadline_ms = milliseconds{5'000};
}

// ---- callers ---------------------------------------------------------------

std::size_t contract_simulation::caller() {
  return ++callers_;
}

/// Twice answered shows: the words are appended.
template <class T, class Word>
reply<T> contract_simulation::answer_to(std::size_t who, Word word) {
  return reply<T>{[this, who, word](expected<T> got) {
    answers_[who] +=
      got ? word(*got) : std::string{to_string(got.error().code)};
  }};
}

std::optional<std::uint64_t> contract_simulation::some_stream() {
  if (streams_.empty() || chance(10))
    return 77; // nobody's
  return streams_[chance(70) ? streams_.size() - 1 : pick(streams_.size())];
}

bool contract_simulation::start() {
  contract_model::start_story s;
  s.caller = caller();
  s.with_history = chance(50);
  s.scratch = chance(15);
  s.hook = chance(15);
  s.text = "q" + std::to_string(++next_text_);
  if (chance(30))
    s.named = chance(85) || streams_.empty() ? ++next_name_ : streams_.back();
  start_request request;
  request.workspace_id = "w";
  request.model = "test:one";
  request.messages.push_back({role::user, {text_content{s.text, {}}}, {}});
  request.with_history = s.with_history;
  if (s.named)
    request.stream = stream_id{*s.named};
  if (s.scratch)
    request.scratch_dir.how = scratch_request::mode::create;
  else
    request.tools = {"look", "write"};
  if (s.hook)
    request.prepare_step = [](step_plan&) {};
  if (s.named && chance(40)) {
    std::stop_source source;
    if (chance(10))
      source.request_stop();
    s.token = request.stop_token = source.get_token();
    tokens_.emplace_back(*s.named, source);
  }
  command(start_stream{"w", std::make_shared<start_request>(std::move(request)),
                       answer_to<stream_id>(s.caller, [](stream_id id) {
                         return std::to_string(static_cast<std::uint64_t>(id));
                       })});
  model_.start(std::move(s));
  return true;
}

bool contract_simulation::stop() {
  contract_model::stop_story s;
  s.caller = caller();
  // While tools run a soft stop has boundaries of its own.
  s.soft = chance(core_ && core_->now() == phase::tool_running ? 75 : 40);
  s.abandon = chance(20);
  if (chance(50))
    s.named = some_stream();
  stop_request what{"w", {}, s.soft, s.abandon};
  if (s.named)
    what.stream = stream_id{*s.named};
  const auto arrive = [this, s, what] {
    command(
      stop_stream{"w", what, reason::user,
                  answer_to<stop_result>(s.caller, [](const stop_result& r) {
                    std::string words{to_string(r.outcome)};
                    for (const auto& q : r.returned_queue)
                      words += " " + q.text;
                    return words;
                  })});
    model_.stop(s);
  };
  const bool marks = core_ && core_->active()
                     && core_->now() != phase::preparing
                     && (!what.stream || what.stream == core_->active());
  if (!s.soft && marks && !stop_on_its_way_ && chance(50)) {
    world_.mark->set();
    model_.stop_comes();
    stop_on_its_way_ = arrive;
  } else {
    arrive();
  }
  return true;
}

bool contract_simulation::stop_arrives() {
  if (!stop_on_its_way_)
    return false;
  std::exchange(stop_on_its_way_, nullptr)();
  return true;
}

// What `workspace_ports::link` does once the stop is requested.
bool contract_simulation::request_stop_by_token() {
  if (tokens_.empty() || !core_ || loading_)
    return false;
  const auto at = pick(tokens_.size());
  auto [id, source] = tokens_[at];
  tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(at));
  source.request_stop();
  if (core_->active() != stream_id{id})
    return true;
  core_->on(
    stop_stream{{}, {"w", stream_id{id}, false, false}, reason::user, {}});
  model_.stop({0, id, false, false});
  return true;
}

bool contract_simulation::await() {
  const auto who = caller();
  std::optional<std::uint64_t> named;
  if (chance(50))
    named = chance(30) ? next_name_ : some_stream();
  command(await_stream{
    "w", named ? std::optional{stream_id{*named}} : std::nullopt,
    answer_to<stream_outcome>(who, [](const stream_outcome& o) {
      constexpr const char* names[] = {"completed:", "aborted:", "failed:"};
      return names[static_cast<std::size_t>(o.how)] + o.text;
    })});
  model_.await(who, named);
  return true;
}

bool contract_simulation::enqueue() {
  const auto who = caller();
  const auto text = "m" + std::to_string(++next_text_);
  const bool tool_end = chance(50);
  command(enqueue_message{
    "w",
    {text, tool_end ? queue_mode::tool_end : queue_mode::turn_end},
    answer_to<std::size_t>(who,
                           [](std::size_t n) { return std::to_string(n); })});
  model_.enqueue(who, text, tool_end);
  return true;
}

bool contract_simulation::edit() {
  const auto who = caller();
  history_edit what;
  what.from_sequence = model_.history.empty()
                         ? 1
                         : model_.history[pick(model_.history.size())].sequence;
  const auto from = what.from_sequence;
  command(edit_history{
    "w", what,
    answer_to<std::vector<std::uint64_t>>(who, [](const auto& removed) {
      std::string words = "removed";
      for (const auto n : removed)
        words += " " + std::to_string(n);
      return words;
    })});
  model_.edit(who, from);
  return true;
}

// ---- clients ---------------------------------------------------------------

bool contract_simulation::connect() {
  if (clients_.size() >= 4)
    return false;
  clients_.emplace_back(subscription_id{++next_client_},
                        std::make_shared<mirror_client>(chance(50)));
  clients_.back().second->over_before = streams_over();
  command(subscribe{"w", clients_.back().first, clients_.back().second, {}});
  return true;
}

std::size_t contract_simulation::streams_over() const {
  const bool active = model_.phase != "idle" && model_.phase != "preparing";
  return streams_.size() - active;
}

bool contract_simulation::cut_connection() {
  if (clients_.empty())
    return false;
  auto& [id, client] = clients_[pick(clients_.size())];
  const auto old = id;
  const bool told = chance(70); // else it is dead and nobody knows
  auto next = std::make_shared<mirror_client>(*client, chance(50));
  id = subscription_id{++next_client_};
  client = next;
  next->over_before = streams_over();
  const auto after = next->after();
  next->came_with = after;
  if (told)
    command(unsubscribe{"w", old});
  command(subscribe{"w", id, next, after});
  return true;
}

bool contract_simulation::return_credit() {
  if (clients_.empty())
    return false;
  auto& [id, client] = clients_[pick(clients_.size())];
  if (client->return_credit())
    command(credit_returned{"w", id});
  return true;
}

std::string contract_simulation::run() {
  watcher_ = std::make_shared<collecting_sink>();
  command(subscribe{"w", subscription_id{1}, watcher_, {}});
  const auto steps = 20 + pick(120);
  for (std::uint64_t i = 0; i < steps; ++i) {
    while (!step()) {
    }
    if (auto wrong = compare(); !wrong.empty())
      return wrong + "\n after" + story_;
  }
  if (auto wrong = wind_down(); !wrong.empty())
    return wrong + "\n in the end, after" + story_;
  return {};
}

// ---- the end ---------------------------------------------------------------

// Everything that is under way comes to its end, in some order; half of the
// lives end with a shutdown. Nobody is left without an answer.
std::string contract_simulation::wind_down() {
  is_shut_down_ = true;
  stop_arrives();
  const bool leaves = chance(50) && core_;
  std::size_t told = 0; ///< How many have left.
  if (leaves) {
    core_->on(stop_everything{
      reply<std::size_t>{[&told](auto n) { told += n.value_or(99); }}});
    model_.shutdown();
  }
  if (world_.retired)
    model_.left();
  using move = bool (contract_simulation::*)();
  using sim = contract_simulation;
  static constexpr move moves[] = {
    &sim::answer_write,   &sim::answer_load, &sim::answer_stream_load,
    &sim::answer_scratch, &sim::answer_hook, &sim::send_parts,
    &sim::settle,         &sim::return_tool};
  // At rest: none of them can be done.
  for (std::size_t i = 0, tried = 0; tried < std::size(moves); ++i) {
    if (i > 5'000)
      return "it does not come to rest";
    const auto first = pick(std::size(moves));
    for (tried = 0; tried < std::size(moves); ++tried)
      if ((this->*moves[(first + tried) % std::size(moves)])())
        break;
    if (world_.retired)
      break;
    if (auto wrong = compare(); !wrong.empty())
      return wrong;
    if (tried == std::size(moves) && model_.phase != "idle" && core_
        && advance()) // A worker that is deaf, a boundary that waits.
      tried = 0;
  }
  if (leaves != world_.retired.has_value())
    return leaves ? "it did not leave" : "it left";
  if (leaves)
    model_.left();
  if (leaves && told != 1)
    return "whoever shuts down was not told once";
  if (leaves)
    return world_.writes.empty() && world_.scratch_wanted.empty()
             ? compare()
             : "it left with work to do";
  // Slow clients return their credit until they have it all.
  for (int round = 0; round < 60; ++round)
    for (std::size_t i = 0; i < clients_.size(); ++i)
      if (clients_[i].second->return_credit()) {
        command(credit_returned{"w", clients_[i].first});
        while (answer_load() || answer_stream_load()) {
        }
      }
  if (auto wrong = compare(); !wrong.empty())
    return wrong;
  if (core_ && !loading_)
    if (auto wrong = compare_view(); !wrong.empty())
      return wrong;
  return compare_clients();
}

} // namespace penstock::testing
