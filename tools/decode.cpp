#include "tools/decode.hpp"

#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/sse_decoder.hpp"
#include "providers/utf8.hpp"
#include "tools/canonical_summary.hpp"
#include "tools/command.hpp"
#include "tools/part_lines.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

namespace penstock::cli {

namespace {

// Calls `take` with pieces of at most `bytes_max` bytes until `in` ends or
// `take` returns false.
template <class Take>
void for_each_piece(std::istream& in, std::size_t bytes_max, Take take) {
  std::vector<char> block(std::max<std::size_t>(bytes_max, 64u << 10));
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    std::string_view read{block.data(), static_cast<std::size_t>(in.gcount())};
    for (; !read.empty(); read.remove_prefix(std::min(bytes_max, read.size())))
      if (!take(read.substr(0, bytes_max)))
        return;
  }
}

int show_sse(const decode_options& options, std::istream& in, std::ostream& out,
             std::string& problem) {
  sse_decoder frames;
  std::vector<std::uint64_t> retries;
  for_each_piece(in, options.bytes_per_push, [&](std::string_view piece) {
    frames.push(piece);
    sse_event event;
    while (frames.next(event, &retries))
      out << to_text(ordered_json{
        {"event", event.type.empty() ? "message" : clean_utf8(event.type)},
        {"data", clean_utf8(event.data)},
        {"last_event_id", clean_utf8(event.last_event_id)}})
          << '\n';
    return frames.failure().code == errc::none && out.good();
  });
  for (const auto ms : retries)
    out << to_text(ordered_json{{"retry", ms}}) << '\n';
  problem = frames.failure().message;
  return problem.empty() ? exit_completed : exit_failed;
}

/// @param take gets parts; @returns whether it wants more.
template <class Take>
bool decode_body(response_decoder& decoder, const decode_options& options,
                 std::istream& in, Take take) {
  part_batch batch;
  for_each_piece(in, options.bytes_per_push, [&](std::string_view piece) {
    decoder.push(piece, batch);
    const bool wanted = take(batch.parts());
    batch.clear();
    return wanted;
  });
  decoder.end(batch);
  take(batch.parts());
  return decoder.finished();
}

int show_parts(response_decoder& decoder, const decode_options& options,
               std::istream& in, std::ostream& out) {
  part_lines lines;
  bool failed = false;
  const bool finished =
    decode_body(decoder, options, in, [&](const auto& parts) {
      for (const auto& part : parts) {
        failed = failed || std::holds_alternative<part::failed>(part);
        out << lines.line_of(part) << '\n';
      }
      return out.good(); // A full disk takes no more.
    });
  if (!failed && !finished) {
    failed = true;
    out << lines.line_of(
      part::failed{{errc::stream_truncated,
                    "the body ended before the API's end of stream"}})
        << '\n';
  }
  return failed ? exit_failed : exit_completed;
}

} // namespace

int decode(const decode_options& options, std::istream& in, std::ostream& out,
           std::string& problem) {
  if (options.sse)
    return show_sse(options, in, out, problem);
  const auto* codec = find_codec(options.api);
  if (!codec) {
    problem = options.api.empty() ? "decode needs --api or --sse"
                                  : "unknown API \"" + options.api + '"';
    problem += "; --api is one of:";
    for (const auto name : codec_names())
      problem.append(" ").append(name);
    return exit_usage;
  }
  const auto decoder = codec->make_decoder(options.provider);
  if (!options.summary)
    return show_parts(*decoder, options, in, out);
  canonical_summary summary;
  decode_body(*decoder, options, in, [&](const auto& parts) {
    for (const auto& part : parts)
      summary.add(part);
    return true;
  });
  out << summary.text() << '\n';
  return exit_completed;
}

namespace {

constexpr auto footer =
  "One event per line, as JSON; what has no event of its own is named after\n"
  "the part.\n\n"
  "Exit codes: 0 the body was read to its end (with --summary and --sse:\n"
  "whatever it holds); 1 it holds an error, ends too early or exceeds a\n"
  "limit, or the output could not be written; 2 wrong usage.";

int decode_file(const decode_options& options, const std::string& path) {
  std::ifstream file;
  auto* in = open_input(path, file);
  if (!in)
    return exit_usage;
  std::string problem;
  const auto code = finish_output(decode(options, *in, std::cout, problem));
  if (!problem.empty() && std::cout)
    usage_error(problem);
  return code;
}

} // namespace

void add_decode(CLI::App& app, int& code) {
  struct arguments {
    decode_options options;
    std::string path;
  };
  auto args = std::make_shared<arguments>();
  auto& command =
    *app.add_subcommand("decode", "Run a decoder on a recorded response body");
  command.footer(footer);
  command.add_option("--api", args->options.api,
                     "The API that made the body: " + listed(codec_names()));
  command.add_option("--provider", args->options.provider,
                     "Name of the endpoint, for its quirks");
  command.add_flag("--summary", args->options.summary,
                   "Print one canonical summary instead of the parts");
  command.add_flag("--sse", args->options.sse,
                   "Print the raw server-sent events; needs no --api");
  command
    .add_option("--chunk-bytes", args->options.bytes_per_push,
                "Feed the body in pieces of this many bytes")
    ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30));
  command.add_option("FILE", args->path, "The body; - is standard input")
    ->required();
  command.callback(
    [args, &code] { code = decode_file(args->options, args->path); });
}

} // namespace penstock::cli
