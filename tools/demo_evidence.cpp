#include "tools/demo_evidence.hpp"

#include <variant>

namespace penstock::cli {

std::string demo_reader::joined(const parts& all) {
  std::string text;
  for (const auto& [number, bytes] : all)
    text += bytes;
  return text;
}

void demo_reader::add(parts& to, std::uint32_t part, std::uint64_t offset,
                      const std::string& bytes, const char* state) {
  auto& known = to[part];
  gapless_ = gapless_ && offset == known.size();
  known += bytes;
  words_ += count_words(bytes);
  state_ = state;
}

void demo_reader::cut(parts& of, const event::retract& after) {
  of.erase(of.upper_bound(after.part), of.end());
  if (const auto last = of.find(after.part); last != of.end())
    last->second.resize(
      std::min<std::size_t>(last->second.size(), after.offset));
}

void demo_reader::take(const stream_event& event) {
  using namespace penstock::event;
  if (const auto* start = std::get_if<stream_start>(event.body.get())) {
    text_.clear();
    reasoning_.clear();
    model_ = start->model;
    state_ = "starting";
  } else if (const auto* text = std::get_if<text_delta>(event.body.get())) {
    add(text_, text->part, text->offset, text->text, "writing");
  } else if (const auto* thought =
               std::get_if<reasoning_delta>(event.body.get())) {
    add(reasoning_, thought->part, thought->offset, thought->text, "thinking");
  } else if (const auto* input =
               std::get_if<tool_call_delta>(event.body.get())) {
    words_ += count_words(input->input_text);
    state_ = "tool";
  } else if (std::holds_alternative<tool_execution_start>(*event.body)) {
    state_ = "tool";
  } else if (const auto* retry = std::get_if<attempt_retry>(event.body.get())) {
    state_ = "waiting";
    if (!retry->next_model.empty())
      model_ = retry->next_model;
  } else if (const auto* back = std::get_if<retract>(event.body.get())) {
    cut(text_, *back);
    cut(reasoning_, *back);
  } else if (const auto* end = std::get_if<stream_end>(event.body.get())) {
    model_ = end->model;
    state_ = "done";
  } else if (std::holds_alternative<stream_abort>(*event.body)) {
    state_ = "stopped";
  } else if (std::holds_alternative<stream_error>(*event.body)) {
    state_ = "failed";
  }
  ended_ += terminal(*event.body) ? 1 : 0;
}

} // namespace penstock::cli
