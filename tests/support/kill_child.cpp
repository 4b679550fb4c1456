#include "tests/support/kill_child.hpp"

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "runtime/runtime.hpp"
#include "runtime/sqlite_store.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>
#include <utility>

namespace penstock::testing {

namespace {

using namespace std::chrono_literals;

constexpr int workspaces = 10;

// What a workspace does, by its number.
bool calls_tool(int i) {
  return i % 3 == 1;
}
bool resumes(int i) {
  return i % 2 == 0;
}
/// Its prompt makes the script go on for seconds.
bool is_long(int i) {
  return i >= workspaces - 2;
}

class teller {
public:
  explicit teller(int pipe) : pipe_(pipe) {}

  /// One write, so that a kill cuts between lines.
  void line(const std::string& kind, const std::string& workspace,
            stream_id stream, const std::string& rest) const {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
    const auto text = kind + " " + std::to_string(now.count()) + " " + workspace
                      + " " + (stream == stream_id{} ? "-" : to_string(stream))
                      + " " + rest + "\n";
    if (::write(pipe_, text.data(), text.size()) < 0)
      ::_exit(1);
  }

private:
  const int pipe_;
};

/// Tells what the store has acknowledged.
class telling_store final : public store {
public:
  telling_store(std::shared_ptr<store> under, const teller& tell,
                unsigned long hold)
    : under_(std::move(under)), tell_(tell), hold_(hold) {}

  void write(const std::string& id, std::vector<store_record> records,
             std::function<void(error)> done) override {
    std::size_t text = 0;
    stream_id grown{};
    const record::stream_closed* closed = nullptr;
    for (const auto& r : records)
      if (const auto* g = std::get_if<record::part_grown>(&r)) {
        grown = g->stream;
        text += is_text(*g) ? g->bytes.size() : 0;
      } else if (const auto* c = std::get_if<record::stream_closed>(&r)) {
        closed = c;
      }
    const bool holds = closed && ++terminals_ == hold_;
    const auto stream = closed ? closed->stream : grown;
    if (text > 0)
      tell_.line("asked", id, stream, std::to_string(text));
    under_->write(id, std::move(records),
                  [=, this, done = std::move(done)](error why) {
                    if (why.code == errc::none && text > 0)
                      tell_.line("kept", id, stream, std::to_string(text));
                    if (why.code == errc::none && holds)
                      return tell_.line("held", id, stream, "");
                    done(std::move(why));
                  });
  }
  void load(const std::string& id,
            std::function<void(expected<workspace_snapshot>)> done) override {
    under_->load(id, std::move(done));
  }
  void load_stream(
    const std::string& id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) override {
    under_->load_stream(id, stream, std::move(done));
  }
  void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)> done) override {
    under_->list_workspaces(std::move(done));
  }
  void load_interrupted(
    const std::string& id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done)
    override {
    under_->load_interrupted(id, std::move(done));
  }
  void load_usage(
    const std::string& id,
    std::function<void(expected<std::vector<usage_row>>)> done) override {
    under_->load_usage(id, std::move(done));
  }

private:
  /// The shape comes with the first growth of a part.
  bool is_text(const record::part_grown& g) {
    const std::lock_guard lock{mutex_};
    const std::pair part{g.stream, g.part};
    if (g.shape && std::holds_alternative<tool_call_content>(*g.shape))
      calls_.insert(part);
    return !calls_.contains(part);
  }

  const std::shared_ptr<store> under_;
  const teller& tell_;
  const unsigned long hold_;
  std::mutex mutex_;
  std::set<std::pair<stream_id, std::uint32_t>> calls_; // guarded by mutex_
  std::atomic<unsigned long> terminals_{0};
};

/// Numbered, so that no piece is like another.
std::string words(const std::string& word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += word + std::to_string(i) + " ";
  return text;
}

bool last_is_users(const http_request& r) {
  const auto user = r.body.rfind("\"role\":\"user\"");
  const auto tool = r.body.rfind("\"role\":\"tool\"");
  return tool == std::string::npos || user > tool;
}

http_script script() {
  token_usage used;
  used.known = token_usage::quality::exact;
  used.input_total = 10;
  used.output_total = 5;
  const answer_pace pace{0ms, 1ms, 1ms, 1ms};
  http_script made;
  request_match asks_tool{.body_contains = "\"tools\"", .where = last_is_users};
  made.on(asks_tool, [=](const http_request&, std::size_t) {
    static std::atomic<unsigned> calls{0};
    static const auto process = std::to_string(::getpid());
    return openai_chat_answer(
      scripted_turn{}
        .text(words("calling", 20))
        .tool_call("call_" + process + "_" + std::to_string(++calls), "work",
                   "{}")
        .usage(used),
      pace);
  });
  made.on({.body_contains = "at length"},
          openai_chat_answer(
            scripted_turn{}.text(words("long", 20'000)).usage(used), pace));
  made.on({}, openai_chat_answer(
                scripted_turn{}.text(words("answer", 30)).usage(used), pace));
  return made;
}

std::shared_ptr<tool> work(const teller& tell) {
  auto made = std::make_shared<tool>();
  made->definition = {"work", "Does it", R"({"type":"object"})"};
  made->handler = [&tell](const tool_invocation& call) {
    tell.line("ran", "-", {}, call.tool_call_id);
    std::mutex mutex; // Long enough to be killed in.
    std::unique_lock lock{mutex};
    std::condition_variable_any{}.wait_for(lock, call.cancelled, 20ms,
                                           [] { return false; });
    return tool_outcome{R"({"ok":true})", false, {}};
  };
  return made;
}

void tell_event(const teller& tell, const stream_event& e) {
  const auto& id = *e.of;
  const auto say = [&](const char* kind, const std::string& rest) {
    tell.line(kind, id.workspace_id, id.stream, rest);
  };
  if (std::holds_alternative<event::stream_start>(*e.body))
    say("start", {});
  else if (const auto* text = std::get_if<event::text_delta>(e.body.get()))
    say("text", "|" + text->text);
  else if (const auto* s =
             std::get_if<event::tool_execution_start>(e.body.get()))
    say("started", s->tool_call_id);
  else if (const auto* r = std::get_if<event::tool_result>(e.body.get()))
    say("answered", r->tool_call_id);
  else if (const auto* end = std::get_if<event::stream_end>(e.body.get()))
    say("end", "stream_end " + std::to_string(end->usage.input_total) + " "
                 + std::to_string(end->usage.output_total));
  else if (terminal(*e.body) && id.stream != stream_id{})
    say("end", std::string{name_of(*e.body)} + " 0 0");
}

[[noreturn]] void fail(const char* what, const error& why) {
  std::fprintf(stderr, "kill child: %s: %s\n", what, why.message.c_str());
  ::_exit(1);
}

/// One workspace, for ever.
void drive(runtime& rt, const teller& tell, int i,
           std::vector<interrupted_stream> found) {
  const auto id = "w" + std::to_string(i);
  auto events = rt.subscribe(id);
  for (;;) {
    start_request request;
    request.workspace_id = id;
    request.model = "test:m";
    request.with_history = true;
    if (calls_tool(i))
      request.tools = {std::string{"work"}};
    if (found.empty()) {
      request.messages = {user_text(is_long(i) ? "at length" : "go on")};
    } else {
      request.resume = found.back().stream;
      found.clear();
    }
    if (const auto started = rt.start(std::move(request)); !started)
      fail("start", started.error());
    for (bool over = false; !over;)
      for (const auto& e : events->wait(10s)) {
        tell_event(tell, e);
        over = over || terminal(*e.body);
      }
  }
}

} // namespace

void run_kill_child(const std::string& path, int pipe, unsigned long hold) {
  const teller tell{pipe};
  auto under = sqlite_store::open({path, store_durability::process, {}});
  if (!under)
    fail("store", under.error());
  runtime_options options;
  options.store = std::make_shared<telling_store>(*under, tell, hold);
  options.time = std::shared_ptr<clock>{std::move(*make_system_clock())};
  options.http =
    std::make_shared<scripted_http_client>(*options.time, script());
  auto& provider = options.providers["test"];
  provider.api = "openai-chat";
  provider.base_url = "http://127.0.0.1/v1";
  provider.key = secret{"none"};
  options.streams.partial_flush_interval_ms =
    milliseconds{kill_flush_interval_ms};
  options.tools = {work(tell)};
  auto opened = runtime::open(std::move(options));
  if (!opened)
    fail("runtime", opened.error());
  const auto interrupted = (*opened)->interrupted();
  if (!interrupted)
    fail("interrupted", interrupted.error());
  tell.line("ready", "-", {}, {});
  std::vector<std::thread> drivers;
  for (int i = 0; i < workspaces; ++i) {
    std::vector<interrupted_stream> own;
    for (const auto& one : *interrupted)
      if (one.workspace_id == "w" + std::to_string(i) && resumes(i))
        own.push_back(one);
    drivers.emplace_back([&, i, own] { drive(**opened, tell, i, own); });
  }
  for (auto& d : drivers)
    d.join();
  ::_exit(0);
}

} // namespace penstock::testing
