#include "providers/ollama_messages.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/message_maker.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace penstock {

namespace {

ordered_json call_of(const tool_call_content& call, std::size_t index) {
  ordered_json one{{"type", "function"}};
  if (!call.id.empty())
    one["id"] = call.id;
  one["function"] = {{"index", index},
                     {"name", call.name},
                     {"arguments", encoding::input_object(call.input_json)}};
  return one;
}

class writer {
public:
  writer(const prompt& what, const endpoint& at, std::string_view model,
         encoder_notes& left_out)
    : what_(what), at_(at), model_(model), left_out_(left_out) {}

  expected<ordered_json> run() {
    if (!what_.system.empty())
      add({{"role", "system"}, {"content", what_.system}});
    for (std::size_t i = 0; i < what_.messages.size(); ++i)
      if (auto done = add_message(what_.messages[i]); !done)
        return fail(errc::invalid_request, "message " + std::to_string(i) + ": "
                                             + done.error().message);
    flush_images();
    if (!asks_)
      return fail(errc::invalid_request, "no message holds anything to send");
    const auto& last = messages_.back();
    if (what_.ending == continuation::partial && last.at("role") == "assistant"
        && !last.contains("tool_calls"))
      add({{"role", "user"}, {"content", encoding::continue_instruction}});
    return std::move(messages_);
  }

private:
  void add(ordered_json message) { messages_.push_back(std::move(message)); }

  expected<void> add_message(const message& m) {
    if (m.from != role::tool)
      flush_images();
    switch (m.from) {
    case role::system:
      return add_system(m);
    case role::user:
      return add_user(m);
    case role::assistant:
      return add_assistant(m);
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

  // A file goes among the images, or into the text if it is one.
  expected<void> add_file(const file_content& file, std::string& text,
                          ordered_json& images) {
    const std::string_view type = file.media_type;
    const bool image = type.starts_with("image/");
    if (!image && !type.starts_with("text/"))
      return fail(errc::invalid_request, "a file of type \"" + file.media_type
                                           + "\"; ollama takes images and "
                                             "texts");
    if (file.bytes.empty())
      return fail(errc::invalid_request,
                  "ollama takes files by their bytes only, not by URL");
    if (image)
      images.push_back(base64_encode(file.bytes));
    else
      append_paragraph(text, clean_utf8(file.bytes));
    return {};
  }

  static void append_paragraph(std::string& text, const std::string& more) {
    if (!text.empty() && !more.empty())
      text += "\n\n";
    text += more;
  }

  expected<void> add_user(const message& m) {
    std::string text;
    auto images = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* piece = std::get_if<text_content>(&part)) {
        append_paragraph(text, piece->text);
      } else if (const auto* file = std::get_if<file_content>(&part)) {
        if (auto done = add_file(*file, text, images); !done)
          return done;
      } else {
        return fail(errc::invalid_request,
                    "a user message holds text and files only");
      }
    }
    if (text.empty() && images.empty())
      return fail(errc::invalid_request, "a user message must not be empty");
    asks_ = true;
    ordered_json one{{"role", "user"}, {"content", std::move(text)}};
    if (!images.empty())
      one["images"] = std::move(images);
    add(std::move(one));
    return {};
  }

  expected<void> add_assistant(const message& m) {
    std::string text, refusal, thinking;
    auto calls = ordered_json::array();
    for (const auto& part : m.parts) {
      if (const auto* t = std::get_if<text_content>(&part)) {
        text += t->text;
      } else if (const auto* r = std::get_if<refusal_content>(&part)) {
        refusal += r->text;
      } else if (const auto* why = std::get_if<reasoning_content>(&part)) {
        thinking += why->text;
      } else if (const auto* c = std::get_if<tool_call_content>(&part)) {
        if (!c->provider_executed)
          calls.push_back(call_of(*c, calls.size()));
      } else if (std::holds_alternative<file_content>(part)) {
        note("files in an assistant message");
      }
    }
    if (text.empty())
      text = std::move(refusal);
    if (text.empty() && calls.empty())
      return {}; // Nothing that a model could make sense of.
    asks_ = true;
    ordered_json one{{"role", "assistant"}, {"content", std::move(text)}};
    if (!thinking.empty() && is_own(m))
      one["thinking"] = std::move(thinking);
    if (!calls.empty())
      one["tool_calls"] = std::move(calls);
    add(std::move(one));
    return {};
  }

  // Which calls a result answers is told by its name and its place; newer
  // servers look at the id, too.
  expected<void> add_results(const message& m) {
    for (const auto& part : m.parts) {
      const auto* result = std::get_if<tool_result_content>(&part);
      if (!result)
        return fail(errc::invalid_request,
                    "a tool message holds tool results only");
      if (result->provider_executed)
        continue;
      auto text = encoding::output_text(result->output_json);
      auto images = ordered_json::array();
      for (const auto& file : result->files)
        if (auto done = add_file(file, text, images); !done)
          return done;
      if (!images.empty())
        hold_images(*result, images);
      ordered_json one{{"role", "tool"}, {"content", std::move(text)}};
      if (!result->tool_name.empty())
        one["tool_name"] = result->tool_name;
      if (!result->tool_call_id.empty())
        one["tool_call_id"] = result->tool_call_id;
      asks_ = true;
      add(std::move(one));
    }
    return {};
  }

  // Templates show the images of users only: they follow the results, which
  // stand together.
  void hold_images(const tool_result_content& result,
                   const ordered_json& images) {
    append_paragraph(held_text_, std::to_string(images.size())
                                   + " image(s) that the tool "
                                   + result.tool_name + " returned.");
    held_images_.insert(held_images_.end(), images.begin(), images.end());
  }

  void flush_images() {
    if (!held_images_.empty())
      add({{"role", "user"},
           {"content", std::exchange(held_text_, {})},
           {"images", std::exchange(held_images_, ordered_json::array())}});
  }

  bool is_own(const message& m) const {
    const auto maker = maker_of(m.made_by);
    return maker.is_at("ollama", at_.provider) && maker.model == model_;
  }

  void note(std::string_view what) {
    if (std::find(left_out_.begin(), left_out_.end(), what) == left_out_.end())
      left_out_.emplace_back(what);
  }

  const prompt& what_;
  const endpoint& at_;
  std::string_view model_;
  encoder_notes& left_out_;
  ordered_json messages_ = ordered_json::array();
  std::string held_text_;                            // beside held_images_
  ordered_json held_images_ = ordered_json::array(); // of tool results
  bool asks_ = false; // something but system messages is there
};

} // namespace

expected<ordered_json> encode_ollama_messages(const prompt& what,
                                              const endpoint& at,
                                              std::string_view model,
                                              encoder_notes& left_out) {
  return writer{what, at, model, left_out}.run();
}

} // namespace penstock
