// What a simulated workspace has done, held against what the model owes.
#include "tests/support/contract_simulation.hpp"

#include <algorithm>

namespace penstock::testing {

namespace {

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
    attempts_.emplace_back().order = world_.attempts[attempts_.size()];
  return compare_told();
}

// The terminal has all parts, whatever became of the writes before it.
void contract_simulation::learn_durable(
  const std::vector<store_record>& records) {
  const auto learn_part = [&](const content& what) {
    if (auto* result = std::get_if<tool_result_content>(&what))
      durable_results_.insert(result->tool_call_id);
  };
  for (const auto& r : records) {
    if (auto* ended = std::get_if<record::tool_ended>(&r))
      learn_part(ended->result);
    if (auto* closed = std::get_if<record::stream_closed>(&r))
      std::visit(
        [&](const auto& m) {
          if constexpr (requires { m.parts; })
            for (const auto& p : m.parts)
              learn_part(p.content);
        },
        *closed->terminal);
  }
}

// A provider's result waits for its record, and so does all behind it.
bool contract_simulation::is_held() const {
  const auto calls = model_.provider_calls();
  return !world_.writes.empty()
         && std::any_of(calls.begin(), calls.end(), [&](const auto& id) {
              return !told_results_.contains(id);
            });
}

std::string contract_simulation::compare_told() {
  for (; watched_ < watcher_->events.size(); ++watched_) {
    const auto& e = watcher_->events[watched_];
    const auto id = static_cast<std::uint64_t>(e.of->stream);
    if (auto word = word_of(*e.body, id); !word.empty())
      seen_.push_back(std::move(word));
    if (std::holds_alternative<event::stream_start>(*e.body))
      streams_.push_back(id);
    if (auto* result = std::get_if<event::tool_result>(e.body.get())) {
      told_results_.insert(result->tool_call_id);
      if (!durable_results_.contains(result->tool_call_id)
          && !unrecorded_.contains(id))
        return "a result was told before it was durable";
    }
    std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.parts; }) {
          auto& texts = final_parts_[id];
          for (const auto& [part, text] : mirror_client::shown_of(m.parts))
            texts.push_back(text);
        }
      },
      *e.body);
  }
  for (const auto& wrong : watcher_->violations)
    return wrong;
  for (; owed_ < std::max(seen_.size(), model_.timeline.size()); ++owed_)
    if (owed_ >= seen_.size() || owed_ >= model_.timeline.size()
        || seen_[owed_] != model_.timeline[owed_])
      return "told " + joined(seen_) + ", owed " + joined(model_.timeline);
  // What is withdrawn at the very end is told with the end.
  if (model_.phase == "stopping" || model_.phase == "finalizing" || is_held())
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
        for (const auto& m : row.messages)
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
  for (const auto& [id, client] : clients_) {
    if (!client->trouble().empty())
      return "a client: " + client->trouble();
    if (auto wrong = compare_screen(*client); !wrong.empty())
      return "a client that came with "
             + (client->came_with
                  ? "a position of " + to_string(client->came_with->stream)
                  : std::string{"nothing"})
             + " after " + std::to_string(client->over_before) + " of "
             + std::to_string(streams_.size()) + " streams " + wrong;
  }
  return {};
}

// Of a stream that runs when it comes, or begins later, a client sees all. Of
// those that were over it gets the end of its own, if it says where it was, and
// then perhaps what followed; else it gets nothing.
std::string
contract_simulation::compare_screen(const mirror_client& client) const {
  const auto shown = client.shown();
  const auto last = model_.transcript();
  const auto shows_last =
    client.stream()
    && static_cast<std::uint64_t>(*client.stream()) == streams_.back()
    && shown == last;
  if (streams_.size() > client.over_before)
    return shows_last ? std::string{}
                      : "shows " + joined(shown) + ", owed " + joined(last);
  if (!client.came_with)
    return client.was_told() || client.stream() ? "was told of what was over"
                                                : std::string{};
  const auto own = static_cast<std::uint64_t>(client.came_with->stream);
  if (!client.stream())
    return unrecorded_.contains(own) ? std::string{}
                                     : "was not told of its end";
  if (!client.ended())
    return "waits for its end";
  if (static_cast<std::uint64_t>(*client.stream()) != own)
    return shows_last ? std::string{} : "shows another stream, and not whole";
  const auto& owed = final_parts_.at(own);
  return shown == owed
           ? std::string{}
           : "shows " + joined(shown) + ", its end has " + joined(owed);
}

} // namespace penstock::testing
