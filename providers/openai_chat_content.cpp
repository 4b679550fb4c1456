// What a delta may hold besides plain text: members of openai_chat_decoder.
#include "providers/base64.hpp"
#include "providers/openai_chat_decoder.hpp"
#include "providers/openai_chat_elements.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

// A "data:" URL by its bytes, any other by its name.
file_content file_of(const json& url_or_object) {
  auto url = url_or_object.is_object() ? text_of(url_or_object, "url")
                                       : text_of(url_or_object);
  const auto comma = url.find(',');
  if (!url.starts_with("data:") || comma == url.npos)
    return {{}, {}, std::move(url), {}};
  const auto head = std::string_view{url}.substr(5, comma - 5);
  const auto type = std::string{head.substr(0, head.find(';'))};
  auto bytes = head.ends_with(";base64")
                 ? base64_decode(std::string_view{url}.substr(comma + 1))
                 : std::nullopt;
  if (!bytes)
    return {type, {}, std::move(url), {}};
  return {type, std::move(*bytes), {}, {}};
}

bool is_shown(const json& detail) {
  return !bytes_of(detail, "text").empty()
         || !bytes_of(detail, "summary").empty();
}

} // namespace

// A text, or (Mistral, Databricks) an array of typed elements, or one of them.
void openai_chat_decoder::on_content(const json& what, part_batch& out) {
  if (what.is_object())
    return on_element(what, out);
  if (!what.is_array())
    return parts_.text(bytes_of(what), out);
  for (const auto& one : what)
    on_element(one, out);
}

void openai_chat_decoder::on_element(const json& one, part_batch& out) {
  const auto type = bytes_of(one, "type");
  if (type == "thinking") {
    const auto& thinking = member(one, "thinking");
    parts_.reasoning(bytes_of(thinking), out);
    if (thinking.is_array())
      for (const auto& piece : thinking)
        parts_.reasoning(bytes_of(piece, "text"), out);
    if (const auto proof = bytes_of(one, "signature"); !proof.empty())
      parts_.sign(proof, {}, out);
  } else if (type == "reasoning") {
    const auto& summary = member(one, "summary");
    for (std::size_t i = 0; summary.is_array() && i < summary.size(); ++i) {
      parts_.reasoning(bytes_of(summary[i], "text"), out);
      if (const auto proof = bytes_of(summary[i], "signature"); !proof.empty())
        parts_.sign(proof, {}, out);
    }
  } else if (type == "image_url") {
    on_file(one, out);
  } else if (type == "reference") {
    on_source({{}, {}, {}, to_text(one)}, out);
  } else if (one.is_string()) {
    parts_.text(bytes_of(one), out);
  } else {
    parts_.text(bytes_of(one, "text"), out);
    parts_.refusal(bytes_of(one, "refusal"), out);
  }
}

// Gemini's compatible endpoint: "<thought>…" in marked deltas, and "</thought>"
// at the beginning of the first that is not.
// @returns whether it is one of these.
bool openai_chat_decoder::on_thought(const json& delta, part_batch& out) {
  constexpr std::string_view begin = "<thought>", end = "</thought>";
  const auto& google = member(member(delta, "extra_content"), "google");
  const bool marked = member(google, "thought") == true;
  const auto& said = member(delta, "content");
  if (!said.is_string() || !(marked || in_thought_))
    return false;
  auto text = bytes_of(said);
  if (!in_thought_ && text.starts_with(begin))
    text.remove_prefix(begin.size());
  const auto over = text.find(end);
  in_thought_ = marked && over == text.npos;
  const bool answers = !marked && over == text.npos;
  parts_.reasoning(answers ? "" : text.substr(0, over), out);
  if (over != text.npos)
    text.remove_prefix(over + end.size());
  if (answers || over != text.npos)
    parts_.text(text, out);
  return true;
}

// OpenRouter sends the same text twice, in `reasoning` and in the details;
// others have one of the strings only, and some gateways several. LiteLLM has
// the text in a string, and what proves it in Anthropic's blocks.
void openai_chat_decoder::on_reasoning(const json& delta, part_batch& out) {
  const auto& details = member(delta, "reasoning_details");
  bool in_details = false, in_text = false;
  if (details.is_array())
    for (const auto& detail : details)
      in_details = in_details || is_shown(detail);
  if (!in_details) {
    std::string_view text;
    for (const auto* name : // The last is GitHub Copilot's.
         {"reasoning_content", "reasoning", "reasoning_text"})
      if (text.empty())
        text = bytes_of(delta, name);
    parts_.reasoning(text, out);
    in_text = !text.empty();
  }
  // GitHub Copilot's, which proves what is in `reasoning_text`.
  if (const auto proof = bytes_of(delta, "reasoning_opaque"); !proof.empty())
    parts_.sign(proof, {}, out);
  if (details.is_array())
    for (const auto& detail : details)
      on_reasoning_detail(detail, in_details, out);
  if (const auto& blocks = member(delta, "thinking_blocks"); blocks.is_array())
    for (const auto& block : blocks)
      on_thinking_block(block, !in_text && !in_details, out);
}

// Of Gemini's answers LiteLLM puts the signed part, whatever it is, where the
// thinking is: beside a signature the text is not looked at.
void openai_chat_decoder::on_thinking_block(const json& block, bool with_text,
                                            part_batch& out) {
  if (auto data = text_of(block, "data");
      bytes_of(block, "type") == "redacted_thinking" && !data.empty())
    return parts_.encrypted(std::move(data), {}, out);
  if (const auto proof = bytes_of(block, "signature"); !proof.empty())
    parts_.sign(proof, {}, out);
  else if (with_text)
    parts_.reasoning(bytes_of(block, "thinking"), out);
}

// Source: OpenRouter, "Reasoning tokens", `reasoning_details`. They want the
// block back as it was.
void openai_chat_decoder::on_reasoning_detail(const json& detail,
                                              bool with_text, part_batch& out) {
  const auto type = bytes_of(detail, "type");
  const auto index = count_of(detail, "index");
  reasoning_label label{text_of(detail, "id"), text_of(detail, "format"),
                        index ? std::to_string(*index) : "",
                        type == "reasoning.summary"};
  if (type == "reasoning.encrypted") {
    if (auto data = text_of(detail, "data"); !data.empty())
      parts_.encrypted(std::move(data), label.text(), out);
    return;
  }
  if (index != detail_index_ && detail_index_ && is_shown(detail))
    parts_.close(out);
  if (index)
    detail_index_ = index;
  if (with_text) {
    parts_.reasoning(bytes_of(detail, "text"), out);
    parts_.reasoning(bytes_of(detail, "summary"), out);
  }
  label.complete(reasoning_label::of(parts_.name()));
  if (const auto proof = bytes_of(detail, "signature"); !proof.empty())
    parts_.sign(proof, label.text(), out);
  else if (with_text && is_shown(detail))
    parts_.name(label.text());
}

void openai_chat_decoder::on_file(const json& image, part_batch& out) {
  auto file = file_of(member(image, "image_url"));
  if (file.bytes.empty() && file.url.empty())
    return;
  parts_.close(out);
  out.add(part::file{parts_.new_key(), std::move(file)});
}

// Speech comes in pieces, with its words beside it.
void openai_chat_decoder::on_audio(const json& audio, part_batch& out) {
  parts_.text(bytes_of(audio, "transcript"), out);
  if (const auto bytes = base64_decode(bytes_of(audio, "data")))
    audio_ += *bytes;
}

// `citations` (Perplexity, xAI) repeats in every chunk; `search_results` says
// more of the same; `annotations` is OpenAI's.
void openai_chat_decoder::on_sources(const json& chunk, part_batch& out) {
  if (const auto& results = member(chunk, "search_results"); results.is_array())
    for (const auto& result : results)
      on_source(
        {text_of(result, "url"), text_of(result, "title"), {}, to_text(result)},
        out);
  if (const auto& citations = member(chunk, "citations"); citations.is_array())
    for (const auto& citation : citations)
      on_source(
        {citation.is_string() ? text_of(citation) : text_of(citation, "url"),
         text_of(citation, "title"),
         {},
         {}},
        out);
  const auto& annotations = member(chunk, "annotations");
  if (!annotations.is_array())
    return;
  for (const auto& annotation : annotations) {
    const auto type = text_of(annotation, "type");
    const auto& inner = member(annotation, type.c_str());
    const auto& what = inner.is_object() ? inner : annotation;
    auto title = text_of(what, "title");
    on_source({text_of(what, "url"),
               title.empty() ? text_of(what, "filename") : std::move(title),
               text_of(what, "file_id"), to_text(what)},
              out);
  }
}

// A place in the text (an annotation) is a source each time, a page only once.
void openai_chat_decoder::on_source(source what, part_batch& out) {
  const bool again = cited_ && cited_->contains(what.url);
  const bool placed = what.detail_json.find("_index\"") != std::string::npos;
  if (what.url.empty() && what.detail_json.empty())
    return;
  if (again && !placed)
    return;
  if (!what.url.empty())
    (cited_ ? *cited_ : cited_.emplace()).insert(what.url);
  out.add(part::source{parts_.new_key(), std::move(what)});
}

} // namespace penstock
