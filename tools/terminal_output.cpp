#include "tools/terminal_output.hpp"

#include "messages/limits.hpp"
#include "providers/scrub.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <utility>

namespace penstock::cli {

namespace {

constexpr std::string_view dim = "\x1B[2m", plain = "\x1B[0m";
constexpr std::size_t note_bytes_max = 300;
/// Beyond every offset.
constexpr auto whole = std::numeric_limits<std::uint64_t>::max();

bool is_obeyed(std::string_view character) {
  if (character.size() == 1)
    return (character[0] >= 0 && character[0] < 0x20 && character[0] != '\n'
            && character[0] != '\t')
           || character[0] == 0x7F;
  return (character >= "\xC2\x80" && character <= "\xC2\x9F")
         || (character >= "\xE2\x80\x8E" && character <= "\xE2\x80\x8F")
         || (character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE")
         || (character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9");
}

/// As JSON writes it. @pre it is_obeyed: below U+10000.
std::string escaped(std::string_view character) {
  unsigned code = static_cast<unsigned char>(character[0]);
  if (character.size() == 2)
    code &= 0x1F;
  else if (character.size() == 3)
    code &= 0x0F;
  for (const char more : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(more) & 0x3F);
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", code & 0xFFFF);
  return text;
}

std::string_view advice(errc code) {
  switch (code) {
  case errc::authentication:
    return "check the key";
  case errc::permission:
    return "check what the key may do";
  case errc::quota:
    return "check the account's credit";
  case errc::model_not_found:
    return "check the name in --model";
  case errc::context_exceeded:
    return "shorten the prompt or name a model with a larger window";
  case errc::rate_limit:
  case errc::overloaded:
  case errc::server_error:
  case errc::timeout:
  case errc::stream_truncated:
  case errc::empty_output:
    return "try again later, or name another model with --fallback";
  case errc::network:
    return "check the address and the connection";
  case errc::model_refusal:
    return "name another model with --fallback";
  default:
    return {};
  }
}

std::string counted(const token_usage& usage) {
  using quality = token_usage::quality;
  if (usage.known == quality::unknown)
    return "usage unknown";
  std::string text = std::to_string(usage.input_total)
                     + (usage.input_total == 1 ? " token in" : " tokens in");
  if (usage.cache_read != 0)
    text += " (" + std::to_string(usage.cache_read) + " cached)";
  text += ", " + std::to_string(usage.output_total) + " out";
  if (usage.reasoning != 0)
    text += " (" + std::to_string(usage.reasoning) + " reasoning)";
  return usage.known == quality::partial ? text + ", at least" : text;
}

} // namespace

std::string harmless(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  while (!text.empty()) {
    const auto [what, bytes] = first_of(text);
    const auto character = text.substr(0, bytes);
    text.remove_prefix(bytes);
    if (what != utf8_prefix::kind::valid)
      kept += "\xEF\xBF\xBD";
    else if (!is_obeyed(character))
      kept += character;
  }
  return kept;
}

std::string harmless_json(std::string_view line) {
  std::string kept;
  kept.reserve(line.size());
  while (!line.empty()) {
    const auto [what, bytes] = first_of(line);
    const auto character = line.substr(0, bytes);
    line.remove_prefix(bytes);
    if (is_obeyed(character))
      kept += escaped(character);
    else
      kept += character;
  }
  return kept;
}

std::string explained(const error& why) {
  std::string text{to_string(why.code)};
  if (why.provider_status != 0)
    text += " (HTTP " + std::to_string(why.provider_status) + ")";
  text += ": " + one_line(why.message, limits::error_message_bytes_max);
  if (const auto todo = advice(why.code); !todo.empty())
    text.append("; ").append(todo);
  return text;
}

/// Adds what one event shows.
struct view_writer {
  terminal_view& view;
  shown_event& to;

  const view_options& options() const { return view.options_; }

  void end_dim() const {
    if (std::exchange(view.dimmed_, false) && options().dims)
      to.out += plain;
  }
  void end_line() const {
    end_dim();
    if (std::exchange(view.line_open_, false))
      to.out += '\n';
  }
  /// Text that follows on text is one text, though a provider cuts it into
  /// parts (at a citation, say) or another attempt goes on with it. What came
  /// before a tool's work, or is a refusal, stands apart.
  void text(std::uint32_t part, std::uint64_t offset, std::string_view bytes,
            bool refuses) const {
    if (bytes.empty())
      return;
    showed(part, offset + bytes.size());
    const bool turns = std::exchange(view.refusing_, refuses) != refuses;
    const bool apart =
      std::exchange(view.apart_, std::nullopt).has_value() || turns;
    if (view.dimmed_ || (apart && bytes.front() != '\n'))
      end_line();
    to.out += options().out_is_terminal ? harmless(bytes) : std::string{bytes};
    view.line_open_ = bytes.back() != '\n';
  }
  void set_apart(std::uint32_t part) const {
    view.apart_ = std::min(view.apart_.value_or(part), part);
  }
  void showed(std::uint32_t part, std::uint64_t end = whole) const {
    auto& known = view.shown_[part];
    known = std::max(known, end);
  }
  /// Notes begin a line of their own where both go to one screen.
  void note(std::string_view line, bool scrap = true) const {
    if (options().out_is_terminal)
      end_line();
    const bool dimmed = scrap && options().notes_are_terminal && options().dims;
    to.notes.append(dimmed ? dim : "");
    to.notes += one_line(line, scrap ? note_bytes_max
                                     : limits::error_message_bytes_max * 2);
    to.notes.append(dimmed ? plain : "").append("\n");
  }
  void tool_note(std::uint32_t part, const std::string& line) const {
    if (!options().out_is_terminal && !options().verbose)
      return;
    note(line);
    showed(part);
  }
  void tell_sources() const {
    for (const auto& [part, line] : std::exchange(view.sources_, {}))
      tool_note(part, line);
  }
  void end(const token_usage& usage) const {
    tell_sources();
    end_line();
    if (options().notes_are_terminal || options().verbose)
      note("[" + counted(usage) + "]");
  }

  void operator()(const event::stream_start&) const { view.shown_.clear(); }
  void operator()(const event::text_delta& e) const {
    text(e.part, e.offset, e.text, false);
  }
  void operator()(const event::refusal_delta& e) const {
    text(e.part, e.offset, e.text, true);
  }
  void operator()(const event::reasoning_delta& e) const {
    if (!options().out_is_terminal || e.text.empty())
      return;
    if (!view.dimmed_) {
      end_line();
      to.out += options().dims ? dim : "[thinking] ";
      view.dimmed_ = true;
    }
    to.out += harmless(e.text);
    view.line_open_ = true;
    showed(e.part, e.offset + e.text.size());
  }
  void operator()(const event::reasoning_end&) const { end_line(); }
  void operator()(const event::file& e) const {
    note("[file: " + e.content.media_type + ", "
         + (e.content.url.empty()
              ? std::to_string(e.content.bytes.size()) + " bytes"
              : e.content.url)
         + "]");
    showed(e.part);
  }
  void operator()(const event::source& e) const {
    // It belongs to the text around it, which it must not cut in two.
    view.sources_.emplace_back(e.part, "[source: " + e.citation.title + " "
                                         + e.citation.url + "]");
  }
  void operator()(const event::tool_call& e) const {
    set_apart(e.part);
    tool_note(e.part, "[tool " + e.tool_name + ": " + e.input_json + "]");
  }
  void operator()(const event::tool_result& e) const {
    set_apart(e.part);
    tool_note(e.part, (e.is_error ? "[tool failed: " : "[tool answered: ")
                        + e.output_json + "]");
  }
  void operator()(const event::attempt_retry& e) const {
    // A script is told how it ended, in one line.
    if (!options().notes_are_terminal && !options().verbose)
      return;
    note("[" + e.model + ": " + std::string{to_string(e.error_class)} + "; "
         + (e.next_model.empty() ? "trying again" : "asking " + e.next_model)
         + (e.delay.count() == 0
              ? ""
              : " in " + std::to_string(e.delay.count()) + " ms")
         + "]");
  }
  // What nobody saw goes without a word.
  void operator()(const event::retract& e) const {
    if (view.apart_ && *view.apart_ >= e.part)
      view.apart_.reset();
    std::erase_if(view.sources_,
                  [&](const auto& one) { return one.first >= e.part; });
    bool was_seen = false;
    for (auto it = view.shown_.lower_bound(e.part); it != view.shown_.end();) {
      const auto kept = it->first == e.part ? e.offset : 0;
      was_seen |= it->second > kept;
      it->second = std::min(it->second, kept);
      it = it->second == 0 ? view.shown_.erase(it) : std::next(it);
    }
    if (!was_seen)
      return;
    end_line(); // What replaces it must not run into it.
    note("[the output above is withdrawn; what follows replaces it]");
  }
  void operator()(const event::stream_end& e) const {
    end(e.usage);
    if (e.why.reason == finish_reason::length)
      note("[the answer reached its limit of tokens]");
  }
  void operator()(const event::stream_abort& e) const {
    end(e.usage);
    note("penstock: aborted", false);
  }
  void operator()(const event::stream_error& e) const {
    tell_sources();
    end_line();
    auto line = "penstock: " + explained(e.why);
    for (const auto& model : e.failed_models)
      line += "; failed: " + model;
    for (const auto& model : e.refused_models)
      line += "; refused: " + model;
    note(line, false);
  }
  void operator()(const event::step_end&) const {
    set_apart(0);
    tell_sources();
  }
  // The rest is for programs.
  void operator()(const event::text_end&) const {}
  void operator()(const event::tool_call_start&) const {}
  void operator()(const event::tool_call_delta&) const {}
  void operator()(const event::tool_execution_start&) const {}
  void operator()(const event::caught_up&) const {}
  void operator()(const event::queue_changed&) const {}
  void operator()(const event::history_changed&) const {}
};

terminal_view::terminal_view(view_options options) : options_(options) {}

shown_event terminal_view::show(const stream_event& event) {
  shown_event shown;
  std::visit(view_writer{*this, shown}, *event.body);
  return shown;
}

} // namespace penstock::cli
