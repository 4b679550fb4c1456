#include "providers/openai_chat_encoder.hpp"

#include "providers/encoding.hpp"
#include "providers/json.hpp"
#include "providers/openai_chat_messages.hpp"
#include "providers/openai_chat_quirks.hpp"
#include "providers/openai_request.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace penstock {

namespace {

using encoding::parse_object;
using openai::effort_for;

/// Writes one request, member by member.
class encoder {
public:
  encoder(const endpoint& at, std::string_view model, const prompt& what)
    : at_(at), model_(model), what_(what),
      quirks_(openai_chat_quirks_of(at.provider, model)) {}

  expected<encoded_request> run() {
    body_["model"] = model_;
    for (const auto step :
         {&encoder::add_messages, &encoder::add_tools,
          &encoder::add_tool_choice, &encoder::add_response_format,
          &encoder::add_thinking, &encoder::add_sampling, &encoder::add_stream,
          &encoder::add_provider_options})
      if (auto done = (this->*step)(); !done)
        return fail(done.error());
    if (what_.cache != cache_ttl::off)
      leave_out("cache", "the server decides what it keeps");
    auto headers = encoding::request_headers(at_, what_, quirks_.key_header);
    if (!headers)
      return fail(headers.error());
    encoded_request request;
    request.http.url = at_.base_url + "/chat/completions";
    request.http.headers = std::move(*headers);
    request.http.body = to_text(body_);
    request.left_out = std::move(left_out_);
    return request;
  }

private:
  void leave_out(std::string_view option, std::string_view why = {}) {
    auto note = std::string{option};
    if (why.empty())
      note += ": not known to " + std::string{model_} + " at "
              + (at_.provider.empty() ? "this server" : at_.provider);
    else
      note.append(": ").append(why);
    left_out_.push_back(std::move(note));
  }

  expected<void> add_messages() {
    auto talk =
      encode_openai_chat_messages(what_, quirks_, at_, model_, left_out_);
    if (!talk)
      return fail(talk.error());
    body_["messages"] = std::move(talk->messages);
    if (talk->prefill && quirks_.prefill == chat_prefill::continue_final) {
      body_["add_generation_prompt"] = false;
      body_["continue_final_message"] = true;
    }
    return {};
  }

  expected<void> add_tools() {
    return encoding::add_function_tools(body_, what_.tools);
  }

  expected<void> add_tool_choice() {
    using enum tool_choice::mode;
    const auto& choice = what_.tool_choice;
    if (choice.how == automatic || (choice.how == none && what_.tools.empty()))
      return {};
    if (choice.how == none) {
      body_["tool_choice"] = "none";
      return {};
    }
    if (auto there = encoding::check_choice(choice, what_.tools); !there)
      return there;
    if (choice.how == required) {
      body_["tool_choice"] = quirks_.any_tool;
      return {};
    }
    body_["tool_choice"] = {{"type", "function"},
                            {"function", {{"name", choice.name}}}};
    return {};
  }

  expected<void> add_response_format() {
    using format_kind = response_format::kind;
    const auto& format = what_.response_format;
    if (format.what == format_kind::text)
      return {};
    const bool plain = format.what == format_kind::json;
    if (plain ? !quirks_.json_object : !quirks_.json_schema)
      return fail(errc::invalid_request, std::string{"response_format "}
                                           + (plain ? "json" : "json_schema")
                                           + " is not known to " + at_.provider
                                           + "; it has "
                                           + (plain ? "json_schema" : "json"));
    if (plain) {
      body_["response_format"] = {{"type", "json_object"}};
      return {};
    }
    auto schema = parse_object(format.schema_json, "the schema of the answer");
    if (!schema)
      return fail(schema.error());
    body_["response_format"] = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", format.name.empty() ? "answer" : format.name},
        {"schema", std::move(*schema)}}}};
    return {};
  }

  expected<void> add_thinking() {
    const auto level = thinking_of(what_, quirks_);
    if (!level)
      return {};
    if (what_.thinking && what_.thinking != level)
      leave_out("thinking_level", "it excludes a forced tool");
    const bool off = *level == thinking_level::off;
    const auto effort = effort_for(*level, quirks_.efforts);
    const bool by_effort =
      quirks_.thinking == chat_thinking::reasoning_effort
      || quirks_.thinking == chat_thinking::reasoning_object;
    if (off && by_effort && !quirks_.always_thinks
        && !openai::knows_none(quirks_.efforts)) {
      leave_out("thinking_level", "there is no way to tell "
                                    + std::string{model_} + " not to reason");
      return {};
    }
    switch (quirks_.thinking) {
    case chat_thinking::none:
      if (!off)
        leave_out("thinking_level");
      break;
    case chat_thinking::reasoning_effort:
      body_["reasoning_effort"] = effort;
      break;
    case chat_thinking::reasoning_object:
      body_["reasoning"] = {{"effort", effort}};
      break;
    case chat_thinking::thinking_object:
      body_["thinking"] = {{"type", off ? "disabled" : "enabled"}};
      if (!off && !effort.empty())
        body_["reasoning_effort"] = effort;
      break;
    case chat_thinking::enable_thinking:
      body_["enable_thinking"] = !off;
      break;
    }
    return {};
  }

  // Models that reason take no sampling unless they are told not to reason, or
  // do not reason unless they are told to.
  bool takes_sampling() const {
    if (quirks_.temperature)
      return true;
    const auto effort = body_.find("reasoning_effort");
    return quirks_.efforts.starts_with("none")
           && (effort == body_.end() || *effort == "none");
  }

  expected<void> add_number(const char* name, std::optional<double> value,
                            bool known) {
    if (!value)
      return {};
    if (!std::isfinite(*value))
      return fail(errc::invalid_request,
                  std::string{name} + " must be a finite number");
    if (known)
      body_[name] = *value;
    else
      leave_out(name);
    return {};
  }

  expected<void> add_sampling() {
    const auto& s = what_.sampling;
    if (what_.max_output_tokens)
      body_[std::string{quirks_.max_tokens}] = *what_.max_output_tokens;
    const bool sampled = takes_sampling();
    const bool penalties =
      quirks_.penalties || (sampled && !quirks_.temperature);
    const struct {
      const char* name;
      std::optional<double> value;
      bool known;
    } numbers[] = {
      {"temperature", s.temperature, sampled},
      {"top_p", s.top_p, sampled},
      {"presence_penalty", s.presence_penalty, penalties},
      {"frequency_penalty", s.frequency_penalty, penalties},
    };
    for (const auto& [name, value, known] : numbers)
      if (auto done = add_number(name, value, known); !done)
        return done;
    if (s.top_k && quirks_.top_k)
      body_["top_k"] = *s.top_k;
    else if (s.top_k)
      leave_out("top_k");
    if (s.seed && !quirks_.seed.empty())
      body_[std::string{quirks_.seed}] = *s.seed;
    else if (s.seed)
      leave_out("seed");
    return add_stop();
  }

  expected<void> add_stop() {
    const auto& stop = what_.sampling.stop;
    if (stop.empty())
      return {};
    if (!quirks_.stop) {
      leave_out("stop");
      return {};
    }
    if (quirks_.stops_max != 0 && stop.size() > quirks_.stops_max)
      return fail(errc::invalid_request, at_.provider + " takes at most "
                                           + std::to_string(quirks_.stops_max)
                                           + " stop texts");
    body_["stop"] = stop;
    return {};
  }

  expected<void> add_stream() {
    body_["stream"] = true;
    if (quirks_.stream_options)
      body_["stream_options"]["include_usage"] = true;
    if (quirks_.obfuscates)
      body_["stream_options"]["include_obfuscation"] = false;
    return {};
  }

  expected<void> add_provider_options() {
    if (what_.provider_options_json.empty())
      return {};
    const auto options =
      parse_object(what_.provider_options_json, "provider_options");
    if (!options)
      return fail(options.error());
    body_.merge_patch(*options);
    const auto stream = body_.find("stream");
    if (stream == body_.end() || *stream != true)
      return fail(errc::invalid_request,
                  "provider_options must not turn \"stream\" off");
    return {};
  }

  const endpoint& at_;
  std::string_view model_;
  const prompt& what_;
  const openai_chat_quirks& quirks_;
  ordered_json body_ = ordered_json::object();
  encoder_notes left_out_;
};

} // namespace

expected<encoded_request> encode_openai_chat(const endpoint& at,
                                             std::string_view model,
                                             const prompt& what) {
  return encoder{at, model, what}.run();
}

} // namespace penstock
