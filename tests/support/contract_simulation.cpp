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
      one->what.name = name;
      one->what.input_schema_json = R"({"type":"object"})";
      one->handler = [](const tool_invocation&) { return tool_outcome{}; };
      one->read_only = one->what.name == "look";
      all.emplace(one->what.name, *check_tool(one));
    }
    return all;
  }();
  return made;
}

std::string word_of(const event_body& body, std::uint64_t id) {
  const auto end = "end " + std::to_string(id) + " ";
  if (std::holds_alternative<event::stream_start>(body))
    return "start " + std::to_string(id);
  if (std::holds_alternative<event::stream_end>(body))
    return end + "completed";
  if (auto* abort = std::get_if<event::stream_abort>(&body))
    return end + "aborted " + std::string{to_string(abort->why)};
  if (auto* failed = std::get_if<event::stream_error>(&body))
    return end + "failed " + std::string{to_string(failed->why.code)};
  return {};
}

template <class List>
std::string joined(const List& list) {
  std::string all;
  for (const auto& one : list)
    all += "[" + one + "]";
  return all;
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
  settings_.streams.on_partial =
    model_.retract_partial ? partial_policy::retract : partial_policy::proceed;
  settings_.streams.max_steps = model_.steps_max;
  if (chance(30))
    settings_.streams.stream_deadline_ms = milliseconds{3'000};
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
    request.scratch_dir.what = scratch_request::kind::create;
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
  s.soft = chance(40);
  s.abandon = chance(20);
  if (chance(50))
    s.named = some_stream();
  stop_request what{"w", {}, s.soft, s.abandon};
  if (s.named)
    what.stream = stream_id{*s.named};
  command(
    stop_stream{"w", what, reason::user,
                answer_to<stop_result>(s.caller, [](const stop_result& r) {
                  std::string words{to_string(r.outcome)};
                  for (const auto& q : r.returned_queue)
                    words += " " + q.text;
                  return words;
                })});
  model_.stop(std::move(s));
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

// ---- comparing -------------------------------------------------------------

// Everyone is answered once and as owed; the rules are where the model is.
std::string contract_simulation::compare() {
  if (core_) {
    learn();
    if (to_string(core_->now()) != model_.phase)
      return "the phase is " + std::string{to_string(core_->now())} + ", not "
             + model_.phase;
  }
  if (answers_ != model_.answers) {
    for (std::size_t who = 1; who <= callers_; ++who)
      if (answers_[who] != model_.answers[who])
        return "caller " + std::to_string(who) + " was answered \""
               + answers_[who] + "\", not \"" + model_.answers[who] + "\"";
  }
  if (world_.attempts.size() != model_.attempts_asked)
    return "attempts: " + std::to_string(world_.attempts.size()) + ", not "
           + std::to_string(model_.attempts_asked);
  if (world_.scratch_removed.size() != model_.scratch_removed)
    return "scratch directories removed: "
           + std::to_string(world_.scratch_removed.size()) + ", not "
           + std::to_string(model_.scratch_removed);
  for (; attempts_.size() < world_.attempts.size();)
    attempts_.emplace_back().what = world_.attempts[attempts_.size()];
  return compare_told();
}

std::string contract_simulation::compare_told() {
  for (; watched_ < watcher_->events.size(); ++watched_) {
    const auto& e = watcher_->events[watched_];
    const auto id = static_cast<std::uint64_t>(e.of->stream);
    if (auto word = word_of(e.body, id); !word.empty())
      seen_.push_back(std::move(word));
    if (std::holds_alternative<event::stream_start>(e.body))
      streams_.push_back(id);
  }
  for (const auto& wrong : watcher_->violations)
    return wrong;
  for (; owed_ < std::max(seen_.size(), model_.timeline.size()); ++owed_)
    if (owed_ >= seen_.size() || owed_ >= model_.timeline.size()
        || seen_[owed_] != model_.timeline[owed_])
      return "told " + joined(seen_) + ", owed " + joined(model_.timeline);
  // What is withdrawn at the very end is told with the end.
  if (model_.phase == "stopping" || model_.phase == "finalizing")
    return {};
  std::vector<std::string> shown;
  for (const auto& [part, text] : watcher_->heard.parts())
    shown.push_back(text);
  if (shown != model_.transcript())
    return "shown " + joined(shown) + ", owed " + joined(model_.transcript());
  for (const auto& [id, client] : clients_)
    if (!client->trouble().empty())
      return "a client: " + client->trouble();
  return {};
}

std::string contract_simulation::compare_view() {
  std::string wrong = "no view";
  command(view_workspace{
    "w", reply<workspace_view>{[&](expected<workspace_view> got) {
      wrong.clear();
      if (!got)
        return;
      std::vector<std::string> queue, owed;
      for (const auto& q : got->queue)
        queue.push_back(q.text);
      for (const auto& q : model_.queue)
        owed.push_back(q.first);
      if (queue != owed)
        wrong = "queue " + joined(queue) + ", owed " + joined(owed);
      std::vector<std::string> rows, rows_owed;
      for (const auto& row : got->history) {
        std::string text;
        for (const auto& m : row.what)
          for (const auto& c : m.parts)
            if (auto* t = std::get_if<text_content>(&c))
              text += t->text;
        rows.push_back(std::to_string(row.sequence) + " "
                       + std::string{to_string(row.how)} + " " + text);
      }
      for (const auto& row : model_.history)
        rows_owed.push_back(std::to_string(row.sequence) + " " + row.how + " "
                            + row.text);
      if (rows != rows_owed)
        wrong = "history " + joined(rows) + ", owed " + joined(rows_owed);
      if (model_.phase == "idle"
          && got->usage.output_total != model_.output_tokens)
        wrong = "usage " + std::to_string(got->usage.output_total) + ", owed "
                + std::to_string(model_.output_tokens);
    }}});
  return model_.broken() ? std::string{} : wrong;
}

std::string contract_simulation::compare_clients() {
  const auto last = model_.transcript();
  for (const auto& [id, client] : clients_) {
    if (!client->trouble().empty())
      return "a client: " + client->trouble();
    // Of what was over before it came it is told the end of its own stream.
    if (!client->stream() || streams_.size() == client->over_before)
      continue;
    if (static_cast<std::uint64_t>(*client->stream()) != streams_.back())
      return "a client has missed the last stream";
    if (client->shown() != last)
      return "a client shows " + joined(client->shown()) + ", owed "
             + joined(last);
  }
  return {};
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

} // namespace penstock::testing
