#include "providers/openai_chat_messages.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/gemini_models.hpp"
#include "providers/message_maker.hpp"
#include "providers/openai_chat_elements.hpp"
#include "providers/openai_chat_signatures.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

/// Between what a tool gave and who speaks next, where only a model may.
constexpr const char* bridge = "I have seen the results.";
/// Where there is no reasoning to send back and the server wants some: not
/// empty, since that is refused as well.
constexpr const char* no_reasoning = " ";

class writer {
public:
  writer(const prompt& what, const openai_chat_quirks& quirks,
         const endpoint& at, std::string_view model, encoder_notes& left_out)
    : what_(what), quirks_(quirks), at_(at), model_(model),
      turns_(turns_of(quirks, model)), left_out_(left_out) {}

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
    if (turns_ == chat_turns::alternating)
      alternate(out_.messages);
    return std::move(out_);
  }

private:
  void add(ordered_json message) {
    const bool answers =
      message.at("role") == "assistant" || message.at("role") == "tool";
    if (turns_ == chat_turns::bridged && !answers && !out_.messages.empty()
        && out_.messages.back().at("role") == "tool")
      out_.messages.push_back({{"role", "assistant"}, {"content", bridge}});
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
    bool signed_call = false;
    auto calls = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* t = std::get_if<text_content>(&part)) {
        text += t->text;
        if (!t->signature.empty())
          proof = t->signature;
      } else if (const auto* r = std::get_if<refusal_content>(&part)) {
        refusal += r->text;
      } else if (const auto* c = std::get_if<tool_call_content>(&part)) {
        if (c->provider_executed)
          continue;
        auto call = call_element(*c, quirks_);
        if (is_own(m) && !c->signature.empty()) {
          sign(call, c->signature, c->item_id);
          signed_call = true;
        }
        calls.push_back(std::move(call));
      } else if (std::holds_alternative<file_content>(part)) {
        note("files in an assistant message");
      }
    }
    ordered_json one{{"role", "assistant"}, {"content", nullptr}};
    if (!text.empty())
      one["content"] = text;
    if (!refusal.empty() && text.empty()) // The servers know one or the other.
      one["content"] = refusal;
    // A call that another model made has no signature, and is refused without.
    if (!calls.empty() && !signed_call && quirks_.signed_calls
        && gemini::facts_of(model_).signed_calls)
      sign(calls.front(), gemini::no_signature);
    if (!calls.empty())
      one["tool_calls"] = calls;
    if (one.at("content").is_null() && calls.empty())
      return {}; // Nothing that the API would accept.
    if (is_own(m)) {
      add_reasoning(one, m, i);
      if (!proof.empty())
        sign(one, proof);
    }
    if (quirks_.reasoning_back == chat_reasoning_back::everywhere)
      fill_reasoning(one);
    add(std::move(one));
    return {};
  }

  // While a model thinks, each answer of the conversation needs the member,
  // whoever gave it.
  void fill_reasoning(ordered_json& one) const {
    if (thinking_of(what_, quirks_) == thinking_level::off)
      one.erase("reasoning_content");
    else if (!one.contains("reasoning_content"))
      one["reasoning_content"] = no_reasoning;
    if (one.at("content").is_null())
      one["content"] = ""; // As it comes from these servers.
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
    case chat_reasoning_back::everywhere:
      if (auto text = reasoning_text(m); !text.empty())
        one["reasoning_content"] = std::move(text);
      return;
    case chat_reasoning_back::blocks:
      if (auto blocks = thinking_blocks(m); !blocks.empty())
        one["thinking_blocks"] = std::move(blocks);
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

  // What the system says goes to the front; neighbours of one role are joined.
  static void alternate(ordered_json& messages) {
    std::stable_partition(messages.begin(), messages.end(), [](const auto& m) {
      return m.at("role") == "system";
    });
    auto all = ordered_json::array();
    for (auto& m : messages) {
      const bool joins =
        !all.empty() && m.at("role") != "system" && m.at("role") != "tool"
        && m.at("role") == all.back().at("role") && !m.contains("tool_calls")
        && !all.back().contains("tool_calls");
      if (joins)
        join(all.back()["content"], std::move(m["content"]));
      else
        all.push_back(std::move(m));
    }
    messages = std::move(all);
  }

  // Two texts, or elements.
  static void join(ordered_json& first, ordered_json second) {
    if (first.is_string() && second.is_string()) {
      first = first.get<std::string>() + "\n\n" + second.get<std::string>();
      return;
    }
    for (auto* content : {&first, &second})
      if (content->is_string())
        *content = ordered_json::array({text_element(*content)});
    for (auto& element : second)
      first.push_back(std::move(element));
  }

  void note(std::string_view what) {
    if (std::find(left_out_.begin(), left_out_.end(), what) == left_out_.end())
      left_out_.emplace_back(what);
  }

  const prompt& what_;
  const openai_chat_quirks& quirks_;
  const endpoint& at_;
  std::string_view model_;
  const chat_turns turns_;
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
