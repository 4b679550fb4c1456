#include "providers/openai_chat_messages.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/message_maker.hpp"
#include "providers/openai_chat_elements.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

class writer {
public:
  writer(const prompt& what, const openai_chat_quirks& quirks,
         const endpoint& at, std::string_view model, encoder_notes& left_out)
    : what_(what), quirks_(quirks), at_(at), model_(model),
      left_out_(left_out) {}

  expected<openai_chat_messages> run() {
    if (!what_.system.empty())
      add({{"role", "system"}, {"content", what_.system}});
    for (std::size_t i = 0; i < what_.messages.size(); ++i)
      if (auto done = add_message(i); !done)
        return fail(errc::invalid_request, "message " + std::to_string(i) + ": "
                                             + done.error().message);
    flush_files();
    if (out_.messages.empty() || !asks_)
      return fail(errc::invalid_request, "no message holds anything to send");
    end();
    return std::move(out_);
  }

private:
  void add(ordered_json message) {
    out_.messages.push_back(std::move(message));
  }

  expected<void> add_message(std::size_t i) {
    const auto& m = what_.messages[i];
    if (m.from != role::tool)
      flush_files();
    if (m.from != role::system)
      asks_ = true;
    switch (m.from) {
    case role::system:
      return add_system(m);
    case role::user:
      return add_user(m);
    case role::assistant:
      return add_assistant(i);
    case role::tool:
      return add_results(m);
    }
    return fail(errc::invalid_request, "unknown role");
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
      add({{"role", "system"}, {"content", std::move(text)}});
    return {};
  }

  expected<void> add_user(const message& m) {
    auto elements = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* text = std::get_if<text_content>(&part)) {
        if (!text->text.empty())
          elements.push_back(text_element(text->text));
      } else if (const auto* file = std::get_if<file_content>(&part)) {
        auto element = file_element(*file, quirks_);
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
      auto files = ordered_json::array();
      for (const auto& file : result->files) {
        auto element = file_element(file, quirks_);
        if (!element)
          return fail(element.error());
        files.push_back(std::move(*element));
      }
      ordered_json body = encoding::output_text(result->output_json);
      if (!files.empty() && quirks_.files_in_tool_results) {
        files.insert(files.begin(), text_element(body));
        body = std::move(files);
      } else if (!files.empty()) {
        hold_files(*result, std::move(files));
      }
      ordered_json one{
        {"role", "tool"},
        {"tool_call_id", call_id(result->tool_call_id, quirks_)}};
      if (!result->tool_name.empty() && quirks_.call_id_bytes != 0)
        one["name"] = result->tool_name; // Mistral's way.
      one["content"] = std::move(body);
      add(std::move(one));
    }
    return {};
  }

  // Tool messages hold text only, and stand together: their files follow as
  // the user's.
  void hold_files(const tool_result_content& result, ordered_json files) {
    held_.push_back(text_element(
      "Files that the tool " + result.tool_name + " returned (call "
      + call_id(result.tool_call_id, quirks_) + "):"));
    for (auto& file : files)
      held_.push_back(std::move(file));
  }

  void flush_files() {
    if (!held_.empty())
      add({{"role", "user"},
           {"content", std::exchange(held_, ordered_json::array())}});
  }

  expected<void> add_assistant(std::size_t i) {
    const auto& m = what_.messages[i];
    std::string text, refusal, proof;
    auto calls = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* t = std::get_if<text_content>(&part)) {
        text += t->text;
        if (!t->signature.empty())
          proof = t->signature;
      } else if (const auto* r = std::get_if<refusal_content>(&part)) {
        refusal += r->text;
      } else if (const auto* c = std::get_if<tool_call_content>(&part)) {
        if (!c->provider_executed)
          calls.push_back(signed_call(*c, is_own(m)));
      } else if (std::holds_alternative<file_content>(part)) {
        note("files in an assistant message");
      }
    }
    ordered_json one{{"role", "assistant"}, {"content", nullptr}};
    if (!text.empty())
      one["content"] = text;
    if (!refusal.empty() && text.empty()) // The servers know one or the other.
      one["content"] = refusal;
    if (!calls.empty())
      one["tool_calls"] = calls;
    if (one.at("content").is_null() && calls.empty())
      return {}; // Nothing that the API would accept.
    if (is_own(m)) {
      add_reasoning(one, m, i);
      if (!proof.empty())
        sign(one, proof);
    }
    add(std::move(one));
    return {};
  }

  // Gemini's compatible endpoint gives a call its signature, and refuses the
  // next request of a tool loop without it.
  ordered_json signed_call(const tool_call_content& c, bool own) const {
    auto call = call_element(c, quirks_);
    if (own && !c.signature.empty())
      sign(call, c.signature);
    return call;
  }

  static void sign(ordered_json& what, const std::string& proof) {
    what["extra_content"]["google"]["thought_signature"] = proof;
  }

  // Proofs of origin, and what they prove, go back to their origin only.
  bool is_own(const message& m) const {
    const auto maker = maker_of(m.made_by);
    return maker.is_at("openai-chat", at_.provider) && maker.model == model_;
  }

  void add_reasoning(ordered_json& one, const message& m, std::size_t i) const {
    const auto asked = [](const message& other) {
      return other.from == role::user;
    };
    const auto after = what_.messages.begin() + static_cast<std::ptrdiff_t>(i);
    switch (quirks_.reasoning_back) {
    case chat_reasoning_back::none:
      return;
    case chat_reasoning_back::in_tool_loop:
      if (std::none_of(after, what_.messages.end(), asked))
        if (auto text = reasoning_text(m); !text.empty())
          one["reasoning_content"] = std::move(text);
      return;
    case chat_reasoning_back::details:
      if (auto details = reasoning_details(m); !details.empty())
        one["reasoning_details"] = std::move(details);
      return;
    case chat_reasoning_back::opaque:
      for (const auto& part : m.parts)
        if (const auto* r = std::get_if<reasoning_content>(&part);
            r && !r->signature.empty()) {
          one["reasoning_text"] = reasoning_text(m);
          one["reasoning_opaque"] = r->signature;
        }
      return;
    case chat_reasoning_back::element:
      if (auto text = reasoning_text(m); !text.empty()) {
        auto elements = ordered_json::array({thinking_element(text)});
        if (one.at("content").is_string())
          elements.push_back(text_element(one.at("content")));
        one["content"] = std::move(elements);
      }
      return;
    }
  }

  // The end of the conversation is an answer that was cut.
  void end() {
    auto& last = out_.messages.back();
    if (what_.ending != continuation::partial || last.at("role") != "assistant"
        || last.contains("tool_calls"))
      return;
    out_.prefill = can_prefill(quirks_, at_);
    if (!out_.prefill)
      add({{"role", "user"}, {"content", encoding::continue_instruction}});
    else if (quirks_.prefill == chat_prefill::prefix)
      last["prefix"] = true;
    else if (quirks_.prefill == chat_prefill::partial)
      last["partial"] = true;
  }

  void note(std::string_view what) {
    if (std::find(left_out_.begin(), left_out_.end(), what) == left_out_.end())
      left_out_.emplace_back(what);
  }

  const prompt& what_;
  const openai_chat_quirks& quirks_;
  const endpoint& at_;
  std::string_view model_;
  encoder_notes& left_out_;
  openai_chat_messages out_;
  ordered_json held_ = ordered_json::array(); // files of tool results
  bool asks_ = false; // something but system messages is there
};

} // namespace

bool can_prefill(const openai_chat_quirks& quirks,
                 const endpoint& at) noexcept {
  return quirks.prefill != chat_prefill::none
         && at.base_url.ends_with(quirks.prefill_path);
}

expected<openai_chat_messages> encode_openai_chat_messages(
  const prompt& what, const openai_chat_quirks& quirks, const endpoint& at,
  std::string_view model, encoder_notes& left_out) {
  return writer{what, quirks, at, model, left_out}.run();
}

} // namespace penstock
