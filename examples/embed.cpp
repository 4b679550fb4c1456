// A small backend that hosts the runtime: its browsers watch workspaces, a
// model calls a tool of its, one stream is aborted, and a browser that lost its
// connection goes on where it was.
#include "examples/offline.hpp"
#include "runtime/runtime.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

/// Stands for a browser's connection: events in, a page out. The runtime calls
/// `take` on a thread of its own.
class browser {
public:
  void take(const event_batch& events) {
    const std::lock_guard lock{mutex_};
    for (const auto& e : events) {
      if (const auto* delta = std::get_if<event::text_delta>(e.body.get()))
        page_ += delta->text;
      if (const auto* result = std::get_if<event::tool_result>(e.body.get()))
        page_ += "[" + result->output_json + "] ";
      if (const auto* abort = std::get_if<event::stream_abort>(e.body.get()))
        page_ += " [" + std::string{to_string(abort->why)} + "]";
      if (e.after)
        last_ = e.after;
      over_ = over_ || terminal(*e.body);
    }
    changed_.notify_all();
  }
  std::string wait_until_over() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return over_; });
    return page_;
  }
  void wait_for(std::size_t bytes) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return over_ || page_.size() >= bytes; });
  }
  std::string page() const {
    const std::lock_guard lock{mutex_};
    return page_;
  }
  /// Where it has read to; sent along when it connects again.
  std::optional<position> last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string page_;
  std::optional<position> last_;
  bool over_ = false;
};

class backend {
public:
  explicit backend(runtime_options options)
    : runtime_(offline::value_or_exit(runtime::open(std::move(options)))) {
    auto lamp = std::make_shared<tool>();
    lamp->definition = {
      "lamp", "Switches the lamp",
      R"({"type":"object","properties":{"on":{"type":"boolean"}},)"
      R"("required":["on"]})"};
    lamp->handler = [](const tool_invocation& call) {
      return tool_outcome{R"({"done":)" + call.input_json + "}", false, {}};
    };
    offline::value_or_exit(
      runtime_->register_tool(std::move(lamp)).map([] { return true; }));
  }

  subscription connect(const std::string& workspace, browser& to,
                       std::optional<position> after = std::nullopt) {
    subscription_callbacks calls;
    calls.on_events = [&to](const event_batch& events) { to.take(events); };
    return offline::value_or_exit(
      runtime_->subscribe(workspace, std::move(calls), std::move(after)));
  }

  void ask(const std::string& workspace, std::string question) {
    start_request request;
    request.workspace_id = workspace;
    request.messages = {penstock::user_text(std::move(question))};
    request.model = "demo:butler";
    request.tools = {std::string{"lamp"}};
    request.with_history = true;
    offline::value_or_exit(runtime_->start(std::move(request)));
  }

  void stop(const std::string& workspace) {
    stop_request what;
    what.workspace_id = workspace;
    offline::value_or_exit(runtime_->stop(std::move(what)));
  }

  std::size_t messages_in(const std::string& workspace) {
    return offline::value_or_exit(runtime_->view(workspace)).history.size();
  }

private:
  std::unique_ptr<runtime> runtime_;
};

http_script script() {
  const auto asked = [](const char* what) {
    request_match match;
    match.body_contains = what;
    return match;
  };
  auto once = asked("lamp, please");
  once.times = 1;
  const auto call = scripted_turn{}.tool_call("c1", "lamp", R"({"on":true})");
  auto endless = offline::says("Once upon a time");
  endless.ends = http_answer::ending::stall;
  http_script made;
  made.on(std::move(once), openai_chat_answer(call));
  made.on(asked("lamp, please"), offline::says("The lamp is on."));
  made.on(asked("story"), std::move(endless));
  made.on(asked("count"), offline::says("one two three four five six seven"));
  return made;
}

} // namespace

int main() {
  browser alice, bob, carol, carol_again; // Outlive the backend.
  backend host{offline::options(script())};

  const auto tab = host.connect("alice", alice);
  host.ask("alice", "The lamp, please.");
  std::cout << "alice: " << alice.wait_until_over() << '\n';

  const auto other_tab = host.connect("bob", bob);
  host.ask("bob", "Tell me a story.");
  bob.wait_for(16);
  host.stop("bob");
  std::cout << "bob: " << bob.wait_until_over() << '\n';

  { // The connection goes in mid-answer; the stream does not mind.
    const auto lost = host.connect("carol", carol);
    host.ask("carol", "Please count.");
    carol.wait_for(5);
  }
  const auto seen_so_far = carol.last();
  const auto back = host.connect("carol", carol_again, seen_so_far);
  const auto rest = carol_again.wait_until_over();
  std::cout << "carol: " << carol.page() << rest << '\n'
            << "messages: " << host.messages_in("alice") << ' '
            << host.messages_in("bob") << ' ' << host.messages_in("carol")
            << std::endl;
  return rest.empty() ? 1 : 0;
}
