#include "tools/classify.hpp"

#include "messages/limits.hpp"
#include "providers/codec.hpp"
#include "providers/error_classifier.hpp"
#include "providers/json.hpp"
#include "providers/scrub.hpp"
#include "providers/sse_decoder.hpp"
#include "tools/command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

namespace penstock::cli {

namespace {

std::string read_up_to(std::istream& in, std::size_t bytes_max) {
  std::string text(bytes_max, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// The error in one event or line, if it holds one.
std::optional<error> error_in(std::string_view api, std::string_view event) {
  auto why = classify_in_stream(api, event);
  return why.code == errc::protocol ? std::nullopt
                                    : std::optional{std::move(why)};
}

std::optional<error> error_in_events(std::string_view api,
                                     std::string_view body) {
  sse_decoder frames;
  frames.push(body);
  sse_event event;
  while (frames.next(event))
    if (auto why = error_in(api, event.data))
      return why;
  return frames.flush_at_end(event) ? error_in(api, event.data) : std::nullopt;
}

std::optional<error> error_in_lines(std::string_view api,
                                    std::string_view body) {
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    if (auto why = error_in(api, body.substr(0, end)))
      return why;
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return std::nullopt;
}

/// A body that came with 2xx: one JSON value, an event stream, or JSON lines.
error classify_stream(std::string_view api, std::string_view body) {
  const auto whole = classify_in_stream(api, body);
  if (whole.code != errc::protocol)
    return whole;
  if (auto why = error_in_events(api, body))
    return *why;
  if (auto why = error_in_lines(api, body))
    return *why;
  return whole;
}

/// "Name: value", the name in lower case. Empty if it is none.
std::optional<header> header_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || text.find_first_of("\r\n") != text.npos)
    return std::nullopt;
  std::string name{text.substr(0, colon)};
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  auto value = text.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t") + 1);
  return header{std::move(name), std::string{value}};
}

std::string line_of(const error& why) {
  ordered_json line;
  line["error_class"] = to_string(why.code);
  line["retryable"] = why.should_retry.value_or(retryable(why.code));
  line["retry_after_ms"] = nullptr;
  if (why.retry_after)
    line["retry_after_ms"] = why.retry_after->count();
  line["message"] = why.message;
  return to_text(line);
}

} // namespace

int classify(const classify_options& options, std::istream& in,
             std::ostream& out, std::string& problem,
             std::chrono::system_clock::time_point now) {
  if (!find_codec(options.api)) {
    problem = "unknown API \"" + options.api + "\"; --api is one of:";
    for (const auto name : codec_names())
      problem.append(" ").append(name);
    return exit_usage;
  }
  http_response_head head{options.status, {}};
  for (const auto& text : options.headers) {
    auto header = header_of(text);
    if (!header || header->first.empty()
        || header->first.find_first_of(" \t") != std::string::npos) {
      problem = "--header \"" + scrub(text)
                + "\" is not of the form 'Name: value', on one line";
      return exit_usage;
    }
    head.headers.push_back(std::move(*header));
  }
  if (options.status / 100 != 2) {
    const auto body = read_up_to(in, limits::error_body_bytes_max);
    out << line_of(classify_response(options.api, head, body, now)) << '\n';
    return exit_completed;
  }
  const auto body = read_up_to(in, limits::sse_event_bytes_max);
  auto why = classify_stream(options.api, body);
  // The headers of a 200 may still say when to come again.
  const auto by_head = classify_response(options.api, head, {}, now);
  why.should_retry = by_head.should_retry;
  if (by_head.retry_after)
    why.retry_after = by_head.retry_after;
  out << line_of(why) << '\n';
  return exit_completed;
}

namespace {

constexpr auto footer =
  "Prints one line of JSON: error_class, retryable, retry_after_ms, "
  "message.\n\n"
  "Exit codes: 0 it was printed; 1 the output could not be written; 2 wrong\n"
  "usage.";

int classify_file(const classify_options& options, const std::string& path) {
  std::ifstream file;
  auto* in = open_input(path, file);
  if (!in)
    return exit_usage;
  std::string problem;
  const auto code = classify(options, *in, std::cout, problem,
                             std::chrono::system_clock::now());
  return problem.empty() ? finish_output(code) : usage_error(problem);
}

} // namespace

void add_classify(CLI::App& app, int& code) {
  struct arguments {
    classify_options options;
    std::string path;
  };
  auto args = std::make_shared<arguments>();
  auto& command = *app.add_subcommand(
    "classify", "Print the class of a provider's error answer");
  command.footer(footer);
  command
    .add_option("--api", args->options.api,
                "The API that answered: " + listed(codec_names()))
    ->required();
  command
    .add_option("--status", args->options.status,
                "HTTP status; with 200 the body is one of a stream")
    ->required()
    ->check(CLI::Range(100, 999));
  command
    .add_option("--header", args->options.headers,
                "A header of the answer, 'Name: value'; may be repeated")
    ->allow_extra_args(false);
  command.add_option("FILE", args->path, "The body; - is standard input")
    ->required();
  command.callback(
    [args, &code] { code = classify_file(args->options, args->path); });
}

} // namespace penstock::cli
