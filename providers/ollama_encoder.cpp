#include "providers/ollama_encoder.hpp"

#include "providers/encoding.hpp"
#include "providers/json.hpp"
#include "providers/ollama_messages.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace penstock {

namespace {

using encoding::parse_object;

// "registry/user/gpt-oss:20b" is a gpt-oss. Of the models with levels it is
// the one that Ollama's documentation names; the others know on and off.
bool has_thinking_levels(std::string_view model) {
  if (const auto slash = model.rfind('/'); slash != model.npos)
    model.remove_prefix(slash + 1);
  return model.starts_with("gpt-oss");
}

/// Writes one request, member by member.
class encoder {
public:
  encoder(const endpoint& at, std::string_view model, const prompt& what)
    : at_(at), model_(model), what_(what) {}

  expected<encoded_request> run() {
    body_["model"] = model_;
    for (const auto step :
         {&encoder::add_messages, &encoder::add_tools,
          &encoder::add_response_format, &encoder::add_thinking,
          &encoder::add_options, &encoder::add_provider_options})
      if (auto done = (this->*step)(); !done)
        return fail(done.error());
    if (what_.cache != cache_ttl::off)
      left_out_.emplace_back("cache: the server decides what it keeps");
    // The key is of ollama.com, or of a proxy; a local server needs none.
    auto headers =
      encoding::request_headers(at_, what_, {}, "application/x-ndjson");
    if (!headers)
      return fail(headers.error());
    encoded_request request;
    request.http.url = at_.base_url + "/api/chat";
    request.http.headers = std::move(*headers);
    request.http.body = to_text(body_);
    request.left_out = std::move(left_out_);
    return request;
  }

private:
  expected<void> add_messages() {
    auto messages = encode_ollama_messages(what_, at_, model_, left_out_);
    if (!messages)
      return fail(messages.error());
    body_["messages"] = std::move(*messages);
    return {};
  }

  // There is no tool choice on the wire. "None" is to offer no tool; a tool
  // that must be called is beyond the API.
  expected<void> add_tools() {
    using enum tool_choice::mode;
    if (what_.tool_choice.forces_a_call())
      return fail(errc::invalid_request,
                  "ollama cannot force a tool to be called; use tool_choice "
                  "\"auto\" and ask for it in the prompt");
    if (what_.tool_choice.how == none)
      return {};
    return encoding::add_function_tools(body_, what_.tools);
  }

  expected<void> add_response_format() {
    using kind = response_format::kind;
    const auto& format = what_.response_format;
    if (format.what == kind::json)
      body_["format"] = "json";
    if (format.what != kind::json_schema)
      return {};
    auto schema = parse_object(format.schema_json, "the schema of the answer");
    if (!schema)
      return fail(schema.error());
    body_["format"] = std::move(*schema);
    return {};
  }

  expected<void> add_thinking() {
    if (!what_.thinking)
      return {};
    const auto level = *what_.thinking;
    const bool off = level == thinking_level::off;
    if (off && has_thinking_levels(model_))
      left_out_.emplace_back(
        "thinking off: the model always thinks; the least it can");
    if (!has_thinking_levels(model_))
      body_["think"] = !off;
    else if (level <= thinking_level::low)
      body_["think"] = "low";
    else
      body_["think"] = level == thinking_level::medium ? "medium" : "high";
    return {};
  }

  expected<void> add_options() {
    const auto& s = what_.sampling;
    auto options = ordered_json::object();
    const std::pair<const char*, std::optional<double>> numbers[] = {
      {"temperature", s.temperature},
      {"top_p", s.top_p},
      {"presence_penalty", s.presence_penalty},
      {"frequency_penalty", s.frequency_penalty},
    };
    for (const auto& [name, value] : numbers) {
      if (!value)
        continue;
      if (!std::isfinite(*value))
        return fail(errc::invalid_request,
                    std::string{name} + " must be a finite number");
      options[name] = *value;
    }
    if (s.top_k)
      options["top_k"] = *s.top_k;
    if (s.seed)
      options["seed"] = *s.seed;
    if (!s.stop.empty())
      options["stop"] = s.stop;
    if (what_.max_output_tokens)
      options["num_predict"] = *what_.max_output_tokens;
    if (!options.empty())
      body_["options"] = std::move(options);
    return {};
  }

  expected<void> add_provider_options() {
    body_["stream"] = true;
    if (what_.provider_options_json.empty())
      return {};
    const auto options =
      parse_object(what_.provider_options_json, "provider_options");
    if (!options)
      return fail(options.error());
    body_.merge_patch(*options);
    // Absent is true.
    if (const auto stream = body_.find("stream");
        stream != body_.end() && *stream != true)
      return fail(errc::invalid_request,
                  "provider_options must not turn \"stream\" off");
    return {};
  }

  const endpoint& at_;
  std::string_view model_;
  const prompt& what_;
  ordered_json body_ = ordered_json::object();
  encoder_notes left_out_;
};

} // namespace

expected<encoded_request>
encode_ollama(const endpoint& at, std::string_view model, const prompt& what) {
  return encoder{at, model, what}.run();
}

} // namespace penstock
