// Finding items, and the texts in them. Calls and results are in
// openai_responses_calls.cpp.
#include "providers/openai_responses_items.hpp"

#include "messages/check.hpp"
#include "messages/limits.hpp"
#include "providers/decoding.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

bool is_reasoning(responses_text what) noexcept {
  return what == responses_text::summary || what == responses_text::reasoning;
}

// What a content part is, or nothing if it holds no text.
std::optional<responses_text> text_kind_of(std::string_view type) noexcept {
  if (type == "output_text" || type == "text")
    return responses_text::output;
  if (type == "refusal")
    return responses_text::refusal;
  if (type == "reasoning_text")
    return responses_text::reasoning;
  if (type == "summary_text")
    return responses_text::summary;
  return std::nullopt;
}

// Which text of its kind in the item.
std::uint64_t index_of(responses_text what, const json& event) {
  return count_of(event, what == responses_text::summary ? "summary_index"
                                                         : "content_index")
    .value_or(0);
}

const json& text_in(const json& content) {
  const auto& refusal = member(content, "refusal");
  return refusal.is_string() ? refusal : member(content, "text");
}

} // namespace

// ---- finding ---------------------------------------------------------------

openai_responses_items::item*
openai_responses_items::known(const json& event, std::string_view item_type) {
  const auto at = [&](const auto& map, const auto& key) -> item* {
    const auto it = map.find(key);
    return it == map.end() ? nullptr : &items_[it->second];
  };
  const auto fits = [&](const item* it) {
    return it && !it->done && it->type == item_type;
  };
  const auto index = count_of(event, "output_index");
  auto* const placed = index ? at(by_index_, *index) : nullptr;
  if (fits(placed))
    return placed;
  item* named = nullptr;
  const auto& wire = member(event, "item");
  // llama.cpp names its calls by the call_id alone.
  for (const auto id : {bytes_of(event, "item_id"), bytes_of(wire, "id"),
                        bytes_of(wire, "call_id")}) {
    if (!named && !id.empty())
      named = at(by_id_, id);
    if (auto* it = id.empty() ? nullptr : at(by_call_id_, id); !named)
      named = fits(it) ? it : nullptr;
  }
  // Where several items were given one place, the id knows better.
  if (index)
    return fits(named) ? named : placed;
  if (named)
    return named;
  return !items_.empty() && items_.back().type == item_type ? &items_.back()
                                                            : nullptr;
}

// A server may leave the place out where it announces an item, and give it
// afterwards: the first that is open and has none has this one.
openai_responses_items::item*
openai_responses_items::adopt(const json& event, std::string_view item_type) {
  const auto index = count_of(event, "output_index");
  const auto call_id = bytes_of(member(event, "item"), "call_id");
  if (!index || unplaced_ == 0)
    return nullptr;
  for (auto& it : items_)
    if (!it.done && !it.placed && it.type == item_type
        && (call_id.empty() || it.call_id.empty() || call_id == it.call_id)) {
      it.placed = true;
      --unplaced_;
      by_index_[*index] = number_of(it);
      return &it;
    }
  return nullptr;
}

std::size_t openai_responses_items::number_of(const item& it) const noexcept {
  return static_cast<std::size_t>(&it - items_.data());
}

openai_responses_items::item&
openai_responses_items::find(const json& event, std::string_view item_type) {
  if (auto* it = known(event, item_type))
    return *it;
  if (auto* it = adopt(event, item_type))
    return *it;
  return begin(event, item_type, text_of(event, "item_id"));
}

openai_responses_items::item&
openai_responses_items::begin(const json& event, std::string_view type,
                              std::string id) {
  if (items_.size() == limits::stream_parts_max)
    fail("stream_parts_max", limits::stream_parts_max);
  else
    items_.emplace_back();
  auto& it = items_.back();
  it.type = type;
  it.id = std::move(id);
  const auto number = items_.size() - 1;
  if (const auto index = count_of(event, "output_index")) {
    it.placed = true;
    by_index_[*index] = number;
  } else {
    ++unplaced_;
  }
  if (!it.id.empty())
    by_id_[it.id] = number;
  return it;
}

void openai_responses_items::added(const json& event, part_batch& out) {
  const auto& wire = member(event, "item");
  const auto type = text_of(wire, "type");
  if (type.empty() || failure_.code != errc::none)
    return;
  const auto id = text_of(wire, "id");
  const auto index = count_of(event, "output_index");
  auto* it = known(event, type);
  // Announced once more, at its place, it is no second item.
  if (!it || it->done || it->type != type || id.empty() || it->id != id
      || (index && !by_index_.contains(*index)))
    it = &begin(event, type, id);
  it->phase = text_of(wire, "phase");
  // A call of ours without the id that its result needs may get it at its end.
  const auto* kind = responses_kind_of(type);
  if (!kind)
    return;
  it->tool = called_tool(*kind, wire);
  if (kind->runner == responses_runner::provider
      || !bytes_of(wire, "call_id").empty())
    start_call(*it, *kind, wire, out);
}

void openai_responses_items::done(const json& event, part_batch& out) {
  const auto& wire = member(event, "item");
  const auto type = text_of(wire, "type");
  if (type.empty() || failure_.code != errc::none || has_ended(type, event))
    return;
  auto* it = known(event, type);
  if (!it)
    it = adopt(event, type);
  if (!it || it->type != type || it->done)
    it = &begin(event, type, text_of(wire, "id"));
  end_item(*it, wire, false, out);
}

void openai_responses_items::end_item(item& it, const json& wire, bool cut,
                                      part_batch& out) {
  it.done = true;
  if (it.phase.empty())
    it.phase = text_of(wire, "phase");
  if (const auto* kind = responses_kind_of(it.type))
    return end_call(it, *kind, wire, cut, out);
  end_texts(it, wire, out);
  if (it.reasoning || it.type == "reasoning")
    end_reasoning(it, wire, out);
  else if (it.type != "message")
    end_result(it, wire, out);
}

// ---- texts -----------------------------------------------------------------

openai_responses_items::span&
openai_responses_items::span_of(item& it, responses_text what,
                                const json& event) {
  return it.spans[{what, index_of(what, event)}];
}

void openai_responses_items::text_delta(responses_text what, const json& event,
                                        part_batch& out) {
  const auto delta = bytes_of(event, "delta");
  if (delta.empty() || failure_.code != errc::none)
    return;
  auto& it = find(event, is_reasoning(what) ? "reasoning" : "message");
  last_delta_ = {number_of(it), std::pair{what, index_of(what, event)}};
  more(delta, out);
}

void openai_responses_items::more(std::string_view delta, part_batch& out) {
  PENSTOCK_CHECK(last_delta_);
  auto& it = items_[last_delta_->item];
  if (delta.empty() || it.done || failure_.code != errc::none)
    return;
  if (!last_delta_->span)
    return extend_input(it, it.joiner.join(delta), out);
  auto& s = it.spans[*last_delta_->span];
  s.began = true;
  if (!s.done)
    show(it, last_delta_->span->first, s, s.joiner.join(delta), out);
}

void openai_responses_items::text_done(responses_text what, const json& event,
                                       const json& text, part_batch& out) {
  if (failure_.code != errc::none || !text.is_string())
    return;
  auto& it = find(event, is_reasoning(what) ? "reasoning" : "message");
  if (!it.done)
    end_span(it, what, span_of(it, what, event), text_of(text), out);
}

void openai_responses_items::part_done(const json& event, part_batch& out) {
  const auto& piece = member(event, "part");
  const auto what = text_kind_of(bytes_of(piece, "type"));
  if (!what || failure_.code != errc::none)
    return;
  auto& it = find(event, is_reasoning(*what) ? "reasoning" : "message");
  if (!it.done)
    take_piece(it, *what, index_of(*what, event), piece, out);
}

// A piece of the item's content, whole.
void openai_responses_items::take_piece(item& it, responses_text what,
                                        std::uint64_t index, const json& piece,
                                        part_batch& out) {
  auto& s = it.spans[{what, index}];
  if (const auto& text = text_in(piece); text.is_string())
    end_span(it, what, s, text_of(text), out);
  const auto& annotations = member(piece, "annotations");
  for (std::size_t i = s.annotations;
       annotations.is_array() && i < annotations.size(); ++i)
    cite(s, annotations[i], out);
}

void openai_responses_items::show(item& it, responses_text what, span& s,
                                  std::string_view text, part_batch& out) {
  if (text.empty())
    return;
  text_bytes_ += text.size();
  if (text_bytes_ > limits::stream_text_bytes_max)
    fail("stream_text_bytes_max", limits::stream_text_bytes_max);
  if (!s.key || (is_reasoning(what) && it.reasoning != s.key)) {
    s.key = new_key();
    // One part of reasoning ends where the next one of the item begins.
    if (is_reasoning(what)) {
      if (it.reasoning)
        out.add(part::reasoning_end{*it.reasoning, {}, {}, it.id});
      it.reasoning = s.key;
    }
  }
  if (failure_.code != errc::none)
    return;
  if (is_reasoning(what))
    out.reasoning(*s.key, text);
  else if (what == responses_text::refusal)
    out.refusal(*s.key, text);
  else
    out.text(*s.key, text);
}

bool openai_responses_items::was_streamed(const item& it, responses_text what) {
  return std::any_of(it.spans.begin(), it.spans.end(), [&](const auto& s) {
    return s.first.first == what && s.second.began;
  });
}

// @param text the whole of it; empty if nobody says.
void openai_responses_items::end_span(item& it, responses_text what, span& s,
                                      std::string_view text, part_batch& out) {
  if (std::exchange(s.done, true))
    return;
  // xAI streams as reasoning what its item has as a summary in the end.
  const auto also = what == responses_text::summary ? responses_text::reasoning
                                                    : responses_text::summary;
  if (s.began)
    show(it, what, s, s.joiner.finish(), out);
  else if (!is_reasoning(what) || !was_streamed(it, also))
    show(it, what, s, text, out);
  if (what == responses_text::output)
    close_text(it, s, out);
}

// A phase that is not known yet may come with the end of the item.
void openai_responses_items::close_text(const item& it, span& s,
                                        part_batch& out) {
  if (s.key && (it.done || !it.phase.empty()) && !std::exchange(s.closed, true))
    out.add(part::text_end{*s.key, it.phase});
}

void openai_responses_items::end_texts(item& it, const json& wire,
                                       part_batch& out) {
  for (const auto* list : {"summary", "content"}) {
    const auto& pieces = member(wire, list);
    for (std::size_t i = 0; pieces.is_array() && i < pieces.size(); ++i)
      if (const auto what = text_kind_of(bytes_of(pieces[i], "type")))
        take_piece(it, *what, i, pieces[i], out);
  }
  for (auto& [place, s] : it.spans) {
    end_span(it, place.first, s, {}, out);
    if (place.first == responses_text::output)
      close_text(it, s, out);
  }
}

void openai_responses_items::end_reasoning(item& it, const json& wire,
                                           part_batch& out) {
  auto encrypted = text_of(wire, "encrypted_content");
  if (!it.reasoning && encrypted.empty())
    return;
  auto id = it.id.empty() ? text_of(wire, "id") : it.id;
  const auto key = it.reasoning ? *it.reasoning : new_key();
  if (failure_.code == errc::none)
    out.add(part::reasoning_end{key, {}, std::move(encrypted), std::move(id)});
}

void openai_responses_items::annotation(const json& event, part_batch& out) {
  if (failure_.code != errc::none)
    return;
  auto& it = find(event, "message");
  auto& s = span_of(it, responses_text::output, event);
  if (!it.done
      && count_of(event, "annotation_index").value_or(s.annotations)
           >= s.annotations)
    cite(s, member(event, "annotation"), out);
}

void openai_responses_items::cite(span& s, const json& annotation,
                                  part_batch& out) {
  ++s.annotations;
  if (!annotation.is_object() || failure_.code != errc::none)
    return;
  source cited{text_of(annotation, "url"), text_of(annotation, "title"),
               text_of(annotation, "file_id"), to_text(annotation)};
  if (cited.title.empty())
    cited.title = text_of(annotation, "filename");
  text_bytes_ += cited.detail_json.size();
  if (text_bytes_ > limits::stream_text_bytes_max)
    return fail("stream_text_bytes_max", limits::stream_text_bytes_max);
  const auto key = new_key();
  if (failure_.code == errc::none)
    out.add(part::source{key, std::move(cited)});
}

// ---- limits ----------------------------------------------------------------

part_key openai_responses_items::new_key() {
  if (next_key_ == limits::stream_parts_max)
    fail("stream_parts_max", limits::stream_parts_max);
  else
    ++next_key_;
  return next_key_ - 1;
}

void openai_responses_items::fail(const char* limit, std::size_t max) {
  if (failure_.code == errc::none)
    failure_ = decoding::over_limit(limit, max);
}

} // namespace penstock
