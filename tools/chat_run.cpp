#include "tools/chat_run.hpp"

#include "providers/scrub.hpp"
#include "providers/utf8.hpp"
#include "runtime/event_json.hpp"
#include "tools/command.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace penstock::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t prompt_bytes_max = 16u << 20;
/// From Ctrl-C to the exit, whatever hangs; half of it for the output.
constexpr auto exit_limit = 250ms;
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
  : options_(std::move(options)),
    interrupts_([this](int, unsigned count) { on_signal(count); }),
    output_(std::make_shared<output_queue>(
      STDOUT_FILENO, [this](int) { on_output_failure(); })),
    view_(view_of(options_)) {}

// ---- from other threads ----------------------------------------------------

void chat_run::on_signal(unsigned) {
  const std::lock_guard lock{mutex_};
  if (now_ == phase::asking || aborted_)
    return interrupts_.exit_after(0ms, exit_aborted);
  if (options_.soft_interrupt && asked_ && !std::exchange(softened_, true)) {
    stop_request soft;
    soft.workspace_id = options_.workspace;
    soft.soft = true;
    return asked_->stop(std::move(soft), [](const auto&) {});
  }
  aborted_ = true;
  stop_.request_stop();
  output_->hurry(output_limit);
  interrupts_.exit_after(exit_limit, exit_aborted);
}

void chat_run::on_output_failure() {
  const std::lock_guard lock{mutex_};
  stop_.request_stop();
}

void chat_run::enter(phase now) {
  const std::lock_guard lock{mutex_};
  now_ = now;
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
    return exit_aborted;
  default:
    usage_error(explained(why));
    return exit_failed;
  }
}

int chat_run::run() {
  auto config = configuration_of(options_);
  if (!config)
    return complain(config.error());
  if (auto done = add_tools(*config); !done)
    return complain(done.error());
  for (const auto& tool : config->options.tools)
    tools_.push_back(tool->what.name);
  if (options_.verbose)
    config->options.log = [out = output_](const std::string& line) {
      out->write(STDERR_FILENO, one_line(line, 2'000) + '\n');
    };
  const int code = with_runtime(std::move(*config));
  {
    const std::lock_guard lock{mutex_};
    asked_ = nullptr;
    if (!aborted_)
      now_ = phase::asking; // Nothing is left to abort.
  }
  events_ = {};
  runtime_.reset();
  return code;
}

int chat_run::with_runtime(configuration config) {
  auto opened = runtime::open(std::move(config.options));
  if (!opened)
    return complain(opened.error());
  runtime_ = std::move(*opened);
  if (auto done = runtime_->check_model(options_.model); !done)
    return complain(done.error());
  talks_ = !options_.prompt && isatty(STDIN_FILENO) == 1;
  std::string prompt = options_.prompt.value_or("-");
  if (!talks_ && prompt == "-" && !prompt_from_input(prompt))
    return exit_usage;
  if (!talks_ && blank(prompt))
    return usage_error("the prompt is empty; give one as the last argument, "
                       "or - to read it from standard input");
  auto events = runtime_->subscribe(options_.workspace);
  if (!events)
    return complain(events.error());
  events_ = std::move(*events);
  {
    const std::lock_guard lock{mutex_};
    asked_ = runtime_.get();
  }
  return finish(talks_ ? converse() : answer(prompt));
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
    enter(phase::asking);
    if (output_->failure() != 0)
      return exit_failed;
    if (!std::getline(std::cin, line)) {
      output_->write(STDERR_FILENO, "\n");
      return exit_completed;
    }
    if (!blank(line))
      if (const int code = answer(line); code == exit_aborted)
        return code;
  }
}

int chat_run::answer(const std::string& prompt) {
  start_request request;
  request.workspace_id = options_.workspace;
  request.messages = {{role::user, {text_content{clean_utf8(prompt)}}, {}}};
  request.model = options_.model;
  for (const auto& model : options_.fallback) {
    request.fallback.emplace_back();
    request.fallback.back().model = model;
  }
  request.system = options_.system;
  request.tools.assign(tools_.begin(), tools_.end());
  request.with_history = talks_;
  {
    const std::lock_guard lock{mutex_};
    softened_ = false;
    stop_ = std::stop_source{};
    request.stop_token = stop_.get_token();
    now_ = phase::streaming;
  }
  // A reader that left before this has had its say.
  if (output_->failure() != 0)
    return exit_failed;
  const auto id = runtime_->start(std::move(request));
  if (!id)
    return complain(id.error());
  return tell_until_end(*id);
}

int chat_run::tell_until_end(stream_id id) {
  for (;;) {
    const auto batch = events_.wait(24h);
    for (const auto& event : batch) {
      tell(event);
      if (terminal(event.body) && event.of->stream == id)
        return exit_code_of(event.body);
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
  output_->write(STDOUT_FILENO, json_line(event) + '\n');
  if (const auto* failed = std::get_if<event::stream_error>(&event.body))
    output_->write(STDERR_FILENO, "penstock: " + explained(failed->why) + '\n');
}

int chat_run::finish(int code) {
  output_->flush();
  if (const int number = output_->failure()) {
    usage_error(std::string{"standard output: "} + std::strerror(number));
    return exit_failed;
  }
  const std::lock_guard lock{mutex_};
  return aborted_ ? static_cast<int>(exit_aborted) : code;
}

} // namespace penstock::cli
