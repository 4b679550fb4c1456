#include "providers/openai_responses_input.hpp"

#include "providers/encoding.hpp"
#include "providers/message_maker.hpp"
#include "providers/openai_responses_elements.hpp"
#include "providers/openai_responses_kinds.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace penstock {

namespace {

using namespace responses;

// Without "-2025-08-07" at the end.
std::string_view undated(std::string_view name) noexcept {
  constexpr std::string_view pattern = "-dddd-dd-dd";
  if (name.size() <= pattern.size())
    return name;
  const auto tail = name.substr(name.size() - pattern.size());
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const bool digit = tail[i] >= '0' && tail[i] <= '9';
    if (pattern[i] == '-' ? tail[i] != '-' : !digit)
      return name;
  }
  return name.substr(0, name.size() - pattern.size());
}

class writer {
public:
  writer(const prompt& what, const openai_responses_quirks& quirks,
         const endpoint& at, std::string_view model, encoder_notes& left_out)
    : what_(what), quirks_(quirks), at_(at), model_(model),
      left_out_(left_out) {}

  expected<ordered_json> run() {
    for (std::size_t i = 0; i < what_.messages.size(); ++i)
      if (auto done = add_message(what_.messages[i]); !done)
        return fail(errc::invalid_request, "message " + std::to_string(i) + ": "
                                             + done.error().message);
    if (!asks_)
      return fail(errc::invalid_request, "no message holds anything to send");
    if (what_.ending == continuation::partial && last_is_answer_)
      add({{"role", "user"}, {"content", encoding::continue_instruction}});
    return std::move(input_);
  }

private:
  void add(ordered_json item) { input_.push_back(std::move(item)); }

  expected<void> add_message(const message& m) {
    const auto before = input_.size();
    const auto done = m.from == role::system      ? add_system(m)
                      : m.from == role::user      ? add_user(m)
                      : m.from == role::assistant ? add_assistant(m)
                                                  : add_results(m);
    if (input_.size() > before) {
      asks_ = asks_ || m.from != role::system;
      const auto& last = input_.back();
      last_is_answer_ = last.contains("role") && last.at("role") == "assistant";
    }
    return done;
  }

  expected<void> add_system(const message& m) {
    std::string text;
    for (const auto& part : m.parts) {
      const auto* piece = std::get_if<text_content>(&part);
      if (!piece)
        return fail(errc::invalid_request, "a system message holds text only");
      text += piece->text;
    }
    if (!text.empty())
      add({{"role", quirks_.system_role}, {"content", std::move(text)}});
    return {};
  }

  expected<void> add_user(const message& m) {
    auto elements = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* text = std::get_if<text_content>(&part)) {
        if (!text->text.empty())
          elements.push_back(input_text(text->text));
      } else if (const auto* file = std::get_if<file_content>(&part)) {
        auto element = input_file(*file, quirks_);
        if (!element)
          return fail(element.error());
        elements.push_back(std::move(*element));
      } else {
        return fail(errc::invalid_request,
                    "a user message holds text and files only");
      }
    }
    if (elements.empty())
      return fail(errc::invalid_request, "a user message must not be empty");
    add({{"role", "user"}, {"content", plain_if_text(std::move(elements))}});
    return {};
  }

  expected<void> add_results(const message& m) {
    for (const auto& part : m.parts) {
      const auto* result = std::get_if<tool_result_content>(&part);
      if (!result)
        return fail(errc::invalid_request,
                    "a tool message holds tool results only");
      if (result->provider_executed)
        continue;
      const auto call = calls_.find(result->tool_call_id);
      auto item = result_item(
        *result, call == calls_.end() ? nullptr : call->second, quirks_);
      if (!item)
        return fail(item.error());
      add(std::move(*item));
    }
    return {};
  }

  // ---- what a model said ----------------------------------------------------

  expected<void> add_assistant(const message& m) {
    const bool own = is_own(m);
    const bool whole = own && all_reasoning_goes_back(m);
    for (std::size_t i = 0; i < m.parts.size(); ++i) {
      const auto& part = m.parts[i];
      if (const auto* r = std::get_if<reasoning_content>(&part)) {
        if (own)
          add_reasoning(*r);
        continue;
      }
      if (const auto* text = std::get_if<text_content>(&part))
        say(text->text.empty() ? ordered_json() : output_text(text->text),
            own ? text->phase : "");
      else if (const auto* no = std::get_if<refusal_content>(&part))
        say(no->text.empty() ? ordered_json() : refusal(no->text), phase_);
      else if (const auto* call = std::get_if<tool_call_content>(&part))
        add_call(*call, whole);
      else if (const auto* result = std::get_if<tool_result_content>(&part))
        add_provider_result(*result, whole);
      else
        note("files in an assistant message");
    }
    close_text();
    // Reasoning that led to nothing that is sent is refused.
    reasoning_ = nullptr;
    return {};
  }

  // Proofs of origin, and what they prove, go back to their origin only.
  bool is_own(const message& m) const {
    const auto maker = maker_of(m.made_by);
    return maker.is_at("openai-responses", at_.provider)
           && same_openai_model(maker.model, model_);
  }

  // The parts of one item share its id; only the last has its content.
  bool all_reasoning_goes_back(const message& m) const {
    if (quirks_.plain_reasoning)
      return true;
    std::map<std::string_view, bool> proven;
    for (const auto& part : m.parts)
      if (const auto* r = std::get_if<reasoning_content>(&part))
        proven[r->item_id] |= !r->encrypted.empty();
    return std::all_of(proven.begin(), proven.end(),
                       [](const auto& p) { return p.second; });
  }

  // Collected until something follows it.
  void add_reasoning(const reasoning_content& r) {
    close_text();
    if (!reasoning_.is_null() && reasoning_id_ != r.item_id)
      flush_reasoning(); // Two in a row: the second one follows the first.
    if (reasoning_.is_null()) {
      reasoning_ = {{"type", "reasoning"}};
      if (!r.item_id.empty())
        reasoning_["id"] = r.item_id;
      reasoning_["summary"] = ordered_json::array();
      reasoning_id_ = r.item_id;
    }
    if (!r.encrypted.empty())
      reasoning_["encrypted_content"] = r.encrypted;
    if (r.text.empty())
      return;
    // Where reasoning is plain, it is the model's own words.
    const bool plain = quirks_.plain_reasoning && r.encrypted.empty();
    ordered_json piece{{"type", plain ? "reasoning_text" : "summary_text"},
                       {"text", r.text}};
    reasoning_[plain ? "content" : "summary"].push_back(std::move(piece));
  }

  void flush_reasoning() {
    auto item = std::exchange(reasoning_, nullptr);
    if (!item.is_null()
        && (item.contains("encrypted_content") || item.contains("content")))
      add(std::move(item));
  }

  // Texts in a row are one message, if they are of one phase.
  void say(ordered_json element, const std::string& phase) {
    if (element.is_null())
      return;
    if (phase != phase_)
      close_text();
    phase_ = phase;
    flush_reasoning();
    text_.push_back(std::move(element));
  }

  void close_text() {
    const auto phase = std::exchange(phase_, {});
    if (text_.empty())
      return;
    ordered_json one{{"role", "assistant"},
                     {"content", std::exchange(text_, ordered_json::array())}};
    if (!phase.empty())
      one["phase"] = phase;
    add(std::move(one));
  }

  void add_call(const tool_call_content& call, bool whole) {
    calls_[call.id] = &call;
    const auto* kind = responses_kind_of(item_type_of(call.kind));
    // What has its result in itself comes with that. What is a client's call
    // elsewhere would wait for a result.
    if (call.provider_executed
        && (!whole || !kind || kind->has_result
            || kind->runner == responses_runner::client))
      return;
    close_text();
    flush_reasoning();
    add(call_item(call, whole));
  }

  void add_provider_result(const tool_result_content& result, bool whole) {
    if (!result.provider_executed || !whole)
      return;
    auto item = provider_item(result);
    if (item.is_null())
      return;
    close_text();
    flush_reasoning();
    add(std::move(item));
  }

  void note(std::string_view what) {
    if (std::find(left_out_.begin(), left_out_.end(), what) == left_out_.end())
      left_out_.emplace_back(what);
  }

  const prompt& what_;
  const openai_responses_quirks& quirks_;
  const endpoint& at_;
  std::string_view model_;
  encoder_notes& left_out_;
  ordered_json input_ = ordered_json::array();
  ordered_json text_ = ordered_json::array(); // of the message under way
  std::string phase_;                         // ditto
  ordered_json reasoning_;                    // the item under way, or null
  std::string reasoning_id_;
  std::map<std::string_view, const tool_call_content*> calls_;
  bool asks_ = false; // something but system messages is there
  bool last_is_answer_ = false;
};

} // namespace

bool same_openai_model(std::string_view a, std::string_view b) noexcept {
  return undated(a) == undated(b);
}

expected<ordered_json> encode_openai_responses_input(
  const prompt& what, const openai_responses_quirks& quirks, const endpoint& at,
  std::string_view model, encoder_notes& left_out) {
  return writer{what, quirks, at, model, left_out}.run();
}

} // namespace penstock
