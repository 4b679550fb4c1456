#include "actors/stream_log.hpp"

#include "actors/text_growth.hpp"
#include "messages/check.hpp"
#include "messages/footprint.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

stream_log::stream_log(std::shared_ptr<const stream_identity> of,
                       event::stream_start start)
  : of_(std::move(of)), start_(std::move(start)) {
  PENSTOCK_CHECK(of_ != nullptr);
  push(kind::start, 0, 0);
}

// ---- writing ---------------------------------------------------------------

std::uint32_t stream_log::push(kind what, std::uint32_t part,
                               std::uint32_t index) {
  PENSTOCK_CHECK(!ended_);
  entries_.push_back({what, part, index, 0, 0, 0, false});
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

std::uint32_t stream_log::open(kind what, content c) {
  const auto number = size();
  parts_.push_back({.number = number, .content = std::move(c)});
  return push(what, number, static_cast<std::uint32_t>(parts_.size() - 1));
}

std::uint32_t stream_log::open_text() {
  return open(kind::segment, text_content{});
}
std::uint32_t stream_log::open_reasoning() {
  return open(kind::segment, reasoning_content{});
}
std::uint32_t stream_log::open_refusal() {
  return open(kind::segment, refusal_content{});
}

const stream_log::part_data& stream_log::data(std::uint32_t part) const {
  PENSTOCK_CHECK(part < entries_.size() && entries_[part].part == part);
  PENSTOCK_CHECK(entries_[part].index < parts_.size());
  return parts_[entries_[part].index];
}

stream_log::part_data& stream_log::data(std::uint32_t part) {
  return const_cast<part_data&>(std::as_const(*this).data(part));
}

std::string_view stream_log::bytes(const part_data& p) const {
  if (auto* text = std::get_if<text_content>(&p.content))
    return text->text;
  if (auto* reasoning = std::get_if<reasoning_content>(&p.content))
    return reasoning->text;
  if (auto* refusal = std::get_if<refusal_content>(&p.content))
    return refusal->text;
  auto* call = std::get_if<tool_call_content>(&p.content);
  PENSTOCK_CHECK(call != nullptr);
  return p.streamed_input ? *p.streamed_input : call->input_json;
}

std::string& stream_log::bytes(part_data& p) {
  if (auto* text = std::get_if<text_content>(&p.content))
    return text->text;
  if (auto* reasoning = std::get_if<reasoning_content>(&p.content))
    return reasoning->text;
  if (auto* refusal = std::get_if<refusal_content>(&p.content))
    return refusal->text;
  auto* call = std::get_if<tool_call_content>(&p.content);
  PENSTOCK_CHECK(call != nullptr);
  return call->input_json;
}

void stream_log::append(std::uint32_t part, std::string_view more) {
  auto& p = data(part);
  PENSTOCK_CHECK(p.open && !ended_);
  auto& text = bytes(p);
  auto& last = entries_.back();
  if (last.what != kind::segment || last.part != part) {
    const auto number = push(kind::segment, part, entries_[part].index);
    entries_[number].begin = entries_[number].end = text.size();
  }
  append_tightly(text, more);
  entries_.back().end = text.size();
  if (!std::holds_alternative<tool_call_content>(p.content))
    text_bytes_ += more.size();
}

content& stream_log::close(std::uint32_t part, bool cut) {
  auto& p = data(part);
  PENSTOCK_CHECK(p.open);
  p.open = false;
  p.how = cut ? final_part::state::cut : final_part::state::complete;
  return p.content;
}

void stream_log::close_text(std::uint32_t part, bool cut, std::string phase,
                            std::string citations_json) {
  auto& text = std::get<text_content>(close(part, cut));
  text.phase = std::move(phase);
  text.citations_json = std::move(citations_json);
  push(kind::text_end, part, entries_[part].index);
}

void stream_log::close_refusal(std::uint32_t part, bool cut) {
  close(part, cut);
}

void stream_log::close_reasoning(std::uint32_t part, reasoning_content proof,
                                 bool cut) {
  auto& reasoning = std::get<reasoning_content>(close(part, cut));
  reasoning.signature = std::move(proof.signature);
  reasoning.encrypted = std::move(proof.encrypted);
  reasoning.item_id = std::move(proof.item_id);
  if (!reasoning.signature.empty())
    push(kind::signature, part, entries_[part].index);
  push(kind::reasoning_end, part, entries_[part].index);
}

void stream_log::sign(std::uint32_t part, std::string_view signature) {
  if (auto* text = std::get_if<text_content>(&data(part).content))
    text->signature = signature;
}

std::uint32_t stream_log::open_call(tool_call_content call) {
  call.input_json.clear();
  return open(kind::call_start, std::move(call));
}

void stream_log::complete_call(std::uint32_t part, std::string input_json,
                               std::string signature, std::string item_id) {
  close(part, false);
  auto& p = data(part);
  auto& call = std::get<tool_call_content>(p.content);
  p.input_rewritten = call.input_json != input_json;
  if (!call.input_json.empty() && p.input_rewritten)
    p.streamed_input = std::move(call.input_json);
  call.input_json = std::move(input_json);
  call.signature = std::move(signature);
  call.item_id = std::move(item_id);
  push(kind::call, part, entries_[part].index);
}

void stream_log::execution_started(std::uint32_t part) {
  PENSTOCK_CHECK(!data(part).open && !data(part).result);
  push(kind::execution, part, entries_[part].index);
}

void stream_log::add_result(std::uint32_t part, tool_result_content result) {
  PENSTOCK_CHECK(!data(part).open && !data(part).result);
  data(part).result = std::move(result);
  push(kind::result, part, entries_[part].index);
}

std::uint32_t stream_log::add_file(file_content what) {
  const auto number = open(kind::file, std::move(what));
  close(number, false);
  return number;
}

// A source is told, but is no content of the message.
std::uint32_t stream_log::add_source(source what) {
  const auto number = size();
  marks_.push_back(
    std::make_shared<const event_body>(event::source{number, std::move(what)}));
  return push(kind::source, number,
              static_cast<std::uint32_t>(marks_.size() - 1));
}

void stream_log::add_mark(event_body body) {
  marks_.push_back(std::make_shared<const event_body>(std::move(body)));
  push(kind::mark, size(), static_cast<std::uint32_t>(marks_.size() - 1));
}

void stream_log::retract(std::uint32_t part) {
  PENSTOCK_CHECK(part > 0 && part < size());
  const auto number = size();
  bool crossed = false;
  for (auto i = part; i < number; ++i)
    if (entries_[i].part >= part)
      entries_[i].withdrawn_by = number;
    else
      crossed = true;
  std::erase_if(held_, [&](auto i) { return entries_[i].withdrawn_by != 0; });
  for (auto& p : parts_)
    if (p.number >= part) {
      p.open = false;
      p.withdrawn = true;
    }
  add_mark(event::retract{part, 0});
  entries_[number].crossed = crossed;
}

void stream_log::terminate(std::shared_ptr<const event_body> body) {
  PENSTOCK_CHECK(body && penstock::terminal(*body));
  terminal_ = std::move(body);
  push(kind::terminal, size(), 0);
  for (auto& p : parts_)
    if (auto* text = std::get_if<text_content>(&p.content))
      text->text.shrink_to_fit();
  ended_ = true;
}

void stream_log::note_footprint() const {
  using at = footprint::place;
  const auto& last = entries_.back();
  footprint::note(at::log, this, &start_);
  footprint::note(at::log_entry, last);
  if (last.what != kind::segment)
    return;
  const auto& p = parts_[last.index];
  const auto text = bytes(p);
  footprint::note(at::log_part, &p, reinterpret_cast<const char*>(&p) + 64);
  footprint::note(at::log_part_kind, &p.content + 1, &p + 1);
  footprint::note(at::log_text, *(text.data() + text.size()));
}

// ---- reading ---------------------------------------------------------------

stream_log::place stream_log::end() const noexcept {
  return {size() - 1, length(entries_.back())};
}

std::vector<final_part> stream_log::parts() const {
  std::vector<final_part> all;
  for (auto& p : parts_) {
    if (p.withdrawn)
      continue;
    all.push_back({p.number, p.content, p.how});
    if (p.result)
      all.push_back({p.number, *p.result, final_part::state::complete});
  }
  return all;
}

std::vector<std::uint32_t> stream_log::part_numbers(std::uint32_t from) const {
  std::vector<std::uint32_t> numbers;
  for (auto& p : parts_)
    if (!p.withdrawn && p.number >= from)
      numbers.push_back(p.number);
  return numbers;
}

std::optional<std::uint32_t> stream_log::first_shown(std::uint32_t from) const {
  for (auto i = std::max(from, 1u); i < size(); ++i) {
    const auto& e = entries_[i];
    const bool opens = e.part == i && e.what != kind::mark
                       && e.what != kind::terminal; // Both have their own.
    if (opens && e.withdrawn_by == 0)
      return i;
  }
  return std::nullopt;
}

const tool_result_content& stream_log::result_of(std::uint32_t part) const {
  PENSTOCK_CHECK(has_result(part));
  return *data(part).result;
}
bool stream_log::is_complete(std::uint32_t part) const {
  return !data(part).withdrawn && data(part).how == final_part::state::complete;
}

const std::shared_ptr<const event_body>& stream_log::shared_terminal() const {
  PENSTOCK_CHECK(ended_);
  return terminal_;
}

} // namespace penstock
