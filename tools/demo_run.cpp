#include "tools/demo_run.hpp"

#include "runtime/runtime.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace penstock::cli {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto frame_interval = 100ms;
/// Nothing in the scripts takes so long: what is not over then, hangs.
constexpr auto patience = 60s;

/// What one conversation has come to. Written by the runtime's callback thread
/// and by the conductor, under the board's mutex.
struct conversation {
  demo_observation seen;
  demo_reader reader;
  std::size_t streams = 1; ///< That will end.
  bool away = false;
  std::deque<std::pair<steady_time, std::size_t>> pace; ///< Words at a time.
};

class board {
public:
  explicit board(const std::vector<demo_scenario>& scenarios)
    : scenarios_(scenarios), all_(scenarios.size()) {
    for (std::size_t i = 0; i < all_.size(); ++i)
      all_[i].streams = scenarios[i].replacement ? 2 : 1;
  }

  void take(std::size_t i, const event_batch& batch) {
    const std::lock_guard lock{mutex_};
    for (const auto& event : batch) {
      all_[i].seen.events.push_back({steady_clock::now(), event});
      all_[i].reader.take(event);
    }
    changed_.notify_one();
  }

  void not_started(std::size_t i, error why) {
    const std::lock_guard lock{mutex_};
    all_[i].seen.not_started = std::move(why);
    changed_.notify_one();
  }

  /// Conversations whose user has something to do now: to act, or to come
  /// back. Waits for one until `limit`, or until all are over.
  std::vector<std::size_t> wait_for_due(steady_time limit) {
    std::unique_lock lock{mutex_};
    std::vector<std::size_t> due;
    changed_.wait_until(lock, limit, [&] {
      due = due_now();
      return !due.empty() || over() == all_.size();
    });
    return due;
  }

  bool all_over() {
    const std::lock_guard lock{mutex_};
    return over() == all_.size();
  }

  /// Changes or reads one conversation under the lock.
  template <class Use>
  auto with(std::size_t i, Use use) {
    const std::lock_guard lock{mutex_};
    return use(all_[i]);
  }

  demo_frame frame(steady_time started);
  std::vector<demo_observation> take_all();

private:
  std::vector<std::size_t> due_now() const;
  bool is_over(const conversation& c) const {
    return c.seen.not_started || c.reader.streams_ended() >= c.streams;
  }
  std::size_t over() const {
    std::size_t count = 0;
    for (const auto& c : all_)
      count += is_over(c) ? 1 : 0;
    return count;
  }

  const std::vector<demo_scenario>& scenarios_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<conversation> all_;
};

std::vector<std::size_t> board::due_now() const {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const auto& c = all_[i];
    const auto& script = scenarios_[i];
    if (script.action == demo_action::none || is_over(c))
      continue;
    const bool to_act = !c.seen.acted && c.reader.words() >= script.after_words;
    const bool to_come_back =
      c.away && steady_clock::now() >= *c.seen.acted + script.delay;
    if (to_act || to_come_back)
      due.push_back(i);
  }
  return due;
}

demo_frame board::frame(steady_time started) {
  const std::lock_guard lock{mutex_};
  const auto now = steady_clock::now();
  demo_frame made;
  made.elapsed = std::chrono::duration_cast<milliseconds>(now - started);
  made.over = over();
  for (std::size_t i = 0; i < all_.size(); ++i) {
    auto& c = all_[i];
    const auto words = c.reader.words();
    c.pace.emplace_back(now, words);
    while (c.pace.size() > 1 && now - c.pace.front().first > 1s)
      c.pace.pop_front();
    const std::chrono::duration<double> span = now - c.pace.front().first;
    const auto fresh = static_cast<double>(words - c.pace.front().second);
    made.rows.push_back(
      {scenarios_[i].workspace, scenarios_[i].title,
       c.away ? "away" : c.reader.state(), c.reader.model(), words,
       is_over(c) || span < 100ms ? 0 : fresh / span.count()});
    if (made.voice.empty() && c.reader.state() == "writing" && !c.away) {
      made.voice = scenarios_[i].workspace;
      made.words_now = c.reader.text();
    }
  }
  return made;
}

std::vector<demo_observation> board::take_all() {
  const std::lock_guard lock{mutex_};
  std::vector<demo_observation> taken;
  for (auto& c : all_)
    taken.push_back(std::move(c.seen));
  return taken;
}

/// Starts the conversations and does what their users do.
class conductor {
public:
  conductor(runtime& rt, board& all,
            const std::vector<demo_scenario>& scenarios)
    : runtime_(rt), board_(all), scenarios_(scenarios),
      subscriptions_(scenarios.size()) {}

  void start_all() {
    for (std::size_t i = 0; i < scenarios_.size(); ++i)
      listen(i, std::nullopt);
    for (std::size_t i = 0; i < scenarios_.size(); ++i)
      start(i, scenarios_[i].request);
  }

  void act(std::size_t i) {
    if (board_.with(i, [](auto& c) { return c.away; }))
      return come_back(i);
    const auto& script = scenarios_[i];
    board_.with(i, [](auto& c) { c.seen.acted = steady_clock::now(); });
    switch (script.action) {
    case demo_action::stop:
    case demo_action::soft_stop: {
      stop_request what;
      what.workspace_id = script.workspace;
      what.soft = script.action == demo_action::soft_stop;
      runtime_.stop(std::move(what), [](auto) {});
      break;
    }
    case demo_action::replace:
      start(i, *script.replacement);
      break;
    case demo_action::leave:
      subscriptions_[i] = {};
      board_.with(i, [](auto& c) {
        c.seen.left_after = c.seen.events.size();
        c.away = true;
      });
      break;
    case demo_action::none:
      break;
    }
  }

private:
  void listen(std::size_t i, std::optional<position> after) {
    subscription_callbacks calls;
    calls.on_events = [this, i](const event_batch& b) { board_.take(i, b); };
    auto made = runtime_.subscribe(scenarios_[i].workspace, std::move(calls),
                                   std::move(after));
    if (made)
      subscriptions_[i] = std::move(*made);
    else
      board_.not_started(i, std::move(made.error()));
  }

  void start(std::size_t i, const start_request& request) {
    runtime_.start(request, [this, i](expected<stream_id> registered) {
      if (!registered)
        board_.not_started(i, std::move(registered.error()));
    });
  }

  void come_back(std::size_t i) {
    const auto last = board_.with(i, [](auto& c) {
      c.away = false;
      c.seen.came_back = steady_clock::now();
      std::optional<position> place;
      for (const auto& event : c.seen.events)
        if (event.what.after)
          place = event.what.after;
      return place;
    });
    listen(i, last);
  }

  runtime& runtime_;
  board& board_;
  const std::vector<demo_scenario>& scenarios_;
  std::vector<subscription> subscriptions_;
};

runtime_options options_for(const demo_stage& stage,
                            const std::string& origin) {
  runtime_options options;
  options.providers = demo_providers(origin);
  options.tools = {make_demo_tool(stage.speed)};
  options.random_seed = 7; // Backoffs are the same each time.
  options.environment = [](const char*) -> const char* { return nullptr; };
  return options;
}

/// @returns whether nobody interrupted it.
bool conduct(const demo_stage& stage, board& all, conductor& users,
             steady_time started) {
  auto next_frame = started;
  users.start_all();
  while (!all.all_over() && steady_clock::now() < started + patience) {
    for (const auto i : all.wait_for_due(next_frame))
      users.act(i);
    if (steady_clock::now() < next_frame)
      continue;
    next_frame = steady_clock::now() + frame_interval;
    if (stage.show)
      stage.show(all.frame(started));
    if (stage.interrupted && stage.interrupted())
      return false;
  }
  if (stage.show)
    stage.show(all.frame(started));
  return true;
}

} // namespace

expected<demo_evidence> run_demo(const demo_stage& stage) {
  demo_evidence made;
  made.scenarios = make_demo_scenarios(stage.speed);
  loopback::server_options server_options;
  server_options.script = make_demo_script(made.scenarios);
  auto server = loopback::loopback_server::start(std::move(server_options));
  if (!server)
    return fail(std::move(server.error()));
  board all{made.scenarios}; // Outlives the callbacks.
  auto opened = runtime::open(options_for(stage, (*server)->url("")));
  if (!opened)
    return fail(std::move(opened.error()));
  made.started = steady_clock::now();
  {
    conductor users{**opened, all, made.scenarios};
    made.interrupted = !conduct(stage, all, users, made.started);
    made.ended = steady_clock::now();
    if (auto done = (*opened)->shutdown(); !done)
      made.shutdown_failed = std::move(done.error());
  }
  opened->reset();
  (*server)->wait_until([](auto& log) { return log.open_connections() == 0; },
                        1s);
  made.log = (*server)->log();
  made.seen = all.take_all();
  return made;
}

} // namespace penstock::cli
