#include "tools/chat_run.hpp"

#include "providers/scrub.hpp"
#include "providers/utf8.hpp"
#include "runtime/event_json.hpp"
#include "runtime/sqlite_store.hpp"
#include "tools/command.hpp"
#include "tools/open_store.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace penstock::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t prompt_bytes_max = 16u << 20;
/// From Ctrl-C to the exit, whatever hangs; SPEC §12 has 500 ms.
constexpr auto exit_limit = 300ms;
constexpr auto output_limit = 100ms;

bool shows_dim() {
  const auto* term = std::getenv("TERM");
  const auto* no_color = std::getenv("NO_COLOR");
  return term && std::strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

view_options view_of(const chat_options& options) {
  return {isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1, shows_dim(),
          options.verbose};
}

bool can_be_written(int descriptor) {
  const int mode = fcntl(descriptor, F_GETFL);
  return mode >= 0 && (mode & O_ACCMODE) != O_RDONLY;
}

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

int exit_code_of(const event_body& terminal) {
  if (std::holds_alternative<event::stream_end>(terminal))
    return exit_completed;
  return std::holds_alternative<event::stream_abort>(terminal) ? exit_aborted
                                                               : exit_failed;
}

} // namespace

chat_run::chat_run(chat_options options)
  : options_(std::move(options)), on_terminal_(isatty(STDOUT_FILENO) == 1),
    rule_(options_.soft_interrupt),
    interrupts_([this](int signal, unsigned) { on_signal(signal); },
                end_commands),
    output_(std::make_shared<output_queue>(
      STDOUT_FILENO, [this](int) { on_output_failure(); })),
    view_(view_of(options_)) {}

// ---- from other threads ----------------------------------------------------

void chat_run::on_signal(int signal) {
  using act = signal_rule::act;
  const std::lock_guard lock{mutex_};
  switch (rule_.on(signal)) {
  case act::exit:
    if (talks_)
      end_prompt();
    return interrupts_.exit_after(0ms, exit_aborted);
  case act::soften: {
    stop_request soft;
    soft.workspace_id = turn_of_;
    soft.stream = registered_;
    soft.soft = true;
    return asked_->stop(std::move(soft), [](const auto&) {});
  }
  case act::stop_turn:
    stop_.request_stop();
    return;
  case act::leave:
    stop_.request_stop();
    output_->hurry(output_limit);
    return interrupts_.exit_after(exit_limit, exit_aborted);
  }
}

void chat_run::on_output_failure() {
  const std::lock_guard lock{mutex_};
  stop_.request_stop();
}

// ---- the conversation ------------------------------------------------------

/// What is wrong with what a person asked for is exit code 2.
int chat_run::complain(const error& why) {
  switch (why.code) {
  case errc::invalid_request:
  case errc::model_not_found:
  case errc::authentication:
    return usage_error(one_line(why.message, 2'000));
  case errc::aborted:
    output_->write(STDERR_FILENO, "penstock: aborted\n");
    return exit_aborted;
  default:
    usage_error(explained(why));
    return exit_failed;
  }
}

int chat_run::run() {
  if (!can_be_written(STDOUT_FILENO)) {
    usage_error(
      "standard output is closed; send it to a file, or to /dev/null");
    return exit_failed;
  }
  auto config = configuration_of(options_);
  if (!config)
    return complain(config.error());
  if (auto done = add_tools(*config); !done)
    return complain(done.error());
  for (const auto& tool : config->options.tools)
    tools_.push_back(tool->definition.name);
  if (options_.verbose)
    config->options.log = [out = output_](const std::string& line) {
      out->write(STDERR_FILENO, one_line(line, 2'000) + '\n');
    };
  if (!open_store(*config))
    return exit_usage;
  const int code = with_runtime(std::move(*config));
  {
    const std::lock_guard lock{mutex_};
    asked_ = nullptr;
    rule_.end_turn();
  }
  events_ = {};
  runtime_.reset();
  return code;
}

/// Before any request. @returns whether it is open, or none was asked for;
/// else a line has said what is wrong.
bool chat_run::open_store(configuration& config) {
  if (options_.store.empty() && !options_.resume)
    return true;
  auto opened =
    options_.resume
      ? open_existing_store(options_.store, config.options.durability)
      : sqlite_store::open({options_.store, config.options.durability, {}});
  if (!opened) {
    usage_error(one_line(opened.error().message, 2'000));
    return false;
  }
  if (options_.resume)
    if (auto known = workspaces_in(**opened, options_.workspace); !known) {
      usage_error(one_line(known.error().message, 2'000));
      return false;
    }
  auto found = interrupted_in(**opened, options_.resume ? options_.workspace
                                                        : std::string{});
  if (!found) {
    usage_error(one_line(found.error().message, 2'000));
    return false;
  }
  config.options.store = std::move(*opened);
  interrupted_ = std::move(*found);
  if (options_.resume && options_.model.empty())
    for (const auto& one : interrupted_)
      if (auto done = redirect_model(config, options_, "--model", one.model);
          !done) {
        usage_error(done.error().message);
        return false;
      }
  return true;
}

int chat_run::with_runtime(configuration config) {
  auto opened = runtime::open(std::move(config.options));
  if (!opened)
    return complain(opened.error());
  runtime_ = std::move(*opened);
  if (options_.resume)
    return finish(go_on());
  if (auto done = runtime_->check_model(options_.model); !done)
    return complain(done.error());
  const bool talks = !options_.prompt && isatty(STDIN_FILENO) == 1;
  std::string prompt = options_.prompt.value_or("-");
  if (!talks && prompt == "-" && !prompt_from_input(prompt))
    return exit_usage;
  if (!talks && blank(prompt))
    return usage_error("the prompt is empty; give one as the last argument, "
                       "or - to read it from standard input");
  auto events = runtime_->subscribe(options_.workspace);
  if (!events)
    return complain(events.error());
  events_ = std::move(*events);
  tell_interrupted(interrupted_, options_.store, options_.workspace);
  {
    const std::lock_guard lock{mutex_};
    asked_ = runtime_.get();
    talks_ = talks;
    if (talks)
      rule_.begin_conversation();
  }
  return finish(talks ? converse() : answer(prompt));
}

/// @returns whether it could be read; else a line has said so.
bool chat_run::prompt_from_input(std::string& prompt) {
  prompt.clear();
  char piece[64u << 10];
  for (;;) {
    const auto got = read(STDIN_FILENO, piece, sizeof piece);
    if (got == 0)
      break;
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      usage_error(std::string{"cannot read standard input: "}
                  + std::strerror(errno) + "; give a prompt as an argument");
      return false;
    }
    prompt.append(piece, static_cast<std::size_t>(got));
    if (prompt.size() > prompt_bytes_max) {
      usage_error("the prompt on standard input is longer than 16 MiB; "
                  "shorten it");
      return false;
    }
  }
  while (prompt.ends_with('\n') || prompt.ends_with('\r'))
    prompt.pop_back();
  return true;
}

int chat_run::converse() {
  for (std::string line;;) {
    output_->write(STDERR_FILENO, "> ");
    output_->flush();
    {
      const std::lock_guard lock{mutex_};
      rule_.end_turn();
    }
    if (output_->failure() != 0)
      return exit_failed;
    if (!std::getline(std::cin, line)) {
      output_->write(STDERR_FILENO, "\n");
      return exit_completed;
    }
    if (blank(line) || answer(line) == exit_completed)
      continue;
    {
      const std::lock_guard lock{mutex_};
      if (rule_.leaving())
        return exit_aborted;
    }
    forget_unanswered();
  }
}

/// A question that was interrupted, or failed, before a word of the answer came
/// is asked again, or put another way; the model shall not read it twice.
void chat_run::forget_unanswered() {
  const auto now = runtime_->view(options_.workspace);
  if (!now || now->history.empty())
    return;
  const auto& last = now->history.back();
  if (!last.messages.empty() && last.messages.back().from == role::user)
    runtime_->edit_history({options_.workspace, last.sequence, {}});
}

/// Goes on with what was interrupted, one after the other.
int chat_run::go_on() {
  if (interrupted_.empty()) {
    output_->write(STDERR_FILENO, "penstock: nothing to resume\n");
    return exit_completed;
  }
  int worst = exit_completed;
  for (const auto& one : interrupted_) {
    if (interrupted_.size() > 1)
      usage_error("going on with workspace \"" + one.workspace_id + '"');
    auto events = runtime_->subscribe(one.workspace_id);
    if (!events)
      return complain(events.error());
    events_ = std::move(*events);
    {
      const std::lock_guard lock{mutex_};
      asked_ = runtime_.get();
    }
    start_request request;
    request.workspace_id = one.workspace_id;
    request.model = options_.model.empty() ? one.model : options_.model;
    request.resume = one.stream;
    request.metadata_json = one.metadata_json;
    request.with_history = true;
    const int code = start(std::move(request));
    if (code == exit_aborted)
      return code;
    worst = std::max(worst, code);
  }
  const auto left = runtime_->interrupted();
  if (!left || worst != exit_completed)
    return worst;
  for (const auto& one : *left)
    if (options_.workspace.empty() || one.workspace_id == options_.workspace)
      return exit_interrupted;
  return exit_completed;
}

int chat_run::answer(const std::string& prompt) {
  start_request request;
  request.workspace_id = options_.workspace;
  request.messages = {{role::user, {text_content{clean_utf8(prompt)}}, {}}};
  request.model = options_.model;
  request.with_history = talks_ || !options_.store.empty();
  return start(std::move(request));
}

int chat_run::start(start_request request) {
  for (const auto& model : options_.fallback) {
    request.fallback.emplace_back();
    request.fallback.back().model = model;
  }
  request.system = options_.system;
  request.tools.assign(tools_.begin(), tools_.end());
  {
    const std::lock_guard lock{mutex_};
    rule_.begin_turn();
    stop_ = std::stop_source{};
    turn_of_ = request.workspace_id;
    request.stop_token = stop_.get_token();
  }
  // A reader that left before this has had its say.
  if (output_->failure() != 0)
    return exit_failed;
  const auto id = runtime_->start(std::move(request));
  if (!id)
    return complain(id.error());
  {
    const std::lock_guard lock{mutex_};
    registered_ = *id;
    rule_.register_stream();
  }
  return tell_until_end(*id);
}

int chat_run::tell_until_end(stream_id id) {
  for (;;) {
    const auto batch = events_.wait(24h);
    for (const auto& event : batch) {
      tell(event);
      if (terminal(*event.body) && event.of->stream == id)
        return exit_code_of(*event.body);
    }
    if (batch.empty() && events_.ended()) {
      usage_error("internal: the stream was lost; try again");
      return exit_failed;
    }
  }
}

void chat_run::tell(const stream_event& event) {
  if (!options_.json) {
    auto shown = view_.show(event);
    output_->write(STDOUT_FILENO, std::move(shown.out));
    output_->write(STDERR_FILENO, std::move(shown.notes));
    return;
  }
  auto line = json_line(event);
  output_->write(STDOUT_FILENO,
                 (on_terminal_ ? harmless_json(line) : line) + '\n');
  if (const auto* failed = std::get_if<event::stream_error>(event.body.get()))
    output_->write(STDERR_FILENO, "penstock: " + explained(failed->why) + '\n');
}

int chat_run::finish(int code) {
  output_->flush();
  if (const int number = output_->failure()) {
    usage_error(std::string{"standard output: "} + std::strerror(number));
    return exit_failed;
  }
  const std::lock_guard lock{mutex_};
  return rule_.leaving() ? static_cast<int>(exit_aborted) : code;
}

} // namespace penstock::cli
