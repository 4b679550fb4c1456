#include "providers/openai_responses_encoder.hpp"

#include "providers/encoding.hpp"
#include "providers/json.hpp"
#include "providers/openai_request.hpp"
#include "providers/openai_responses_input.hpp"
#include "providers/openai_responses_quirks.hpp"

#include <algorithm>
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
      quirks_(openai_responses_quirks_of(at.provider, model)) {}

  expected<encoded_request> run() {
    body_["model"] = model_;
    for (const auto step :
         {&encoder::add_input, &encoder::add_tools, &encoder::add_thinking,
          &encoder::add_response_format, &encoder::add_sampling,
          &encoder::add_stream, &encoder::add_provider_options,
          &encoder::add_tool_choice})
      if (auto done = (this->*step)(); !done)
        return fail(done.error());
    if (what_.cache != cache_ttl::off)
      leave_out("cache", "the server decides what it keeps");
    auto headers = encoding::request_headers(at_, what_, quirks_.key_header);
    if (!headers)
      return fail(headers.error());
    encoded_request request;
    request.http.url = at_.base_url + "/responses";
    request.http.headers = std::move(*headers);
    request.http.body = to_text(body_);
    request.left_out = std::move(left_out_);
    return request;
  }

private:
  void leave_out(std::string_view option, std::string_view why = {}) {
    auto note = std::string{option} + ": ";
    if (why.empty())
      note += "not known to " + std::string{model_} + " at "
              + (at_.provider.empty() ? "this server" : at_.provider);
    else
      note += why;
    left_out_.push_back(std::move(note));
  }

  expected<void> add_input() {
    if (!what_.system.empty())
      body_["instructions"] = what_.system;
    auto input =
      encode_openai_responses_input(what_, quirks_, at_, model_, left_out_);
    if (!input)
      return fail(input.error());
    body_["input"] = std::move(*input);
    return {};
  }

  // Not "strict": that would make every member of the schema required.
  expected<void> add_tools() {
    for (const auto& tool : what_.tools) {
      auto schema = encoding::input_schema(tool);
      if (!schema)
        return fail(schema.error());
      ordered_json one{{"type", "function"}, {"name", tool.name}};
      if (!tool.description.empty())
        one["description"] = tool.description;
      one["parameters"] = std::move(*schema);
      one["strict"] = false;
      body_["tools"].push_back(std::move(one));
    }
    return {};
  }

  expected<void> add_thinking() {
    if (!what_.thinking)
      return {};
    const bool off = *what_.thinking == thinking_level::off;
    if (quirks_.efforts.empty()) {
      if (!off)
        leave_out("thinking_level");
      return {};
    }
    const auto effort = effort_for(*what_.thinking, quirks_.efforts);
    body_["reasoning"]["effort"] = effort;
    if (!off && effort != "none" && quirks_.summary)
      body_["reasoning"]["summary"] = "auto";
    return {};
  }

  expected<void> add_response_format() {
    using kind = response_format::kind;
    const auto& format = what_.response_format;
    if (format.what == kind::text)
      return {};
    auto& wire = body_["text"]["format"];
    if (format.what == kind::json) {
      wire["type"] = "json_object";
      return {};
    }
    auto schema = parse_object(format.schema_json, "the schema of the answer");
    if (!schema)
      return fail(schema.error());
    wire["type"] = "json_schema";
    wire["name"] = format.name.empty() ? "answer" : format.name;
    wire["schema"] = std::move(*schema);
    return {};
  }

  // Models that reason take no sampling unless they are told not to reason, or
  // do not reason unless they are told to.
  bool takes_sampling() const {
    if (quirks_.sampling)
      return true;
    const auto reasoning = body_.find("reasoning");
    return quirks_.efforts.starts_with("none")
           && (reasoning == body_.end() || reasoning->at("effort") == "none");
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
      body_["max_output_tokens"] = *what_.max_output_tokens;
    const bool sampled = takes_sampling();
    const struct {
      const char* name;
      std::optional<double> value;
      bool known;
    } numbers[] = {
      {"temperature", s.temperature, sampled},
      {"top_p", s.top_p, sampled},
      {"presence_penalty", s.presence_penalty, false},
      {"frequency_penalty", s.frequency_penalty, false},
    };
    for (const auto& [name, value, known] : numbers)
      if (auto done = add_number(name, value, known); !done)
        return done;
    if (s.top_k)
      leave_out("top_k", "the API has none");
    if (s.seed)
      leave_out("seed", "the API has none");
    if (!s.stop.empty())
      leave_out("stop", "the API has none");
    return {};
  }

  // A model that does not reason refuses to be asked for encrypted reasoning.
  expected<void> add_stream() {
    if (quirks_.store) {
      body_["store"] = false;
      if (quirks_.reasons || body_.contains("reasoning"))
        body_["include"].push_back("reasoning.encrypted_content");
    }
    body_["stream"] = true;
    if (quirks_.obfuscates)
      body_["stream_options"]["include_obfuscation"] = false;
    return {};
  }

  expected<void> add_provider_options() {
    if (what_.provider_options_json.empty())
      return {};
    auto options =
      parse_object(what_.provider_options_json, "provider_options");
    if (!options)
      return fail(options.error());
    for (const auto* list : {"tools", "include"}) {
      const auto theirs = options->find(list);
      const auto ours = body_.find(list);
      if (theirs == options->end() || ours == body_.end()
          || !theirs->is_array())
        continue;
      for (auto& one : *theirs)
        if (std::find(ours->begin(), ours->end(), one) == ours->end())
          ours->push_back(std::move(one));
      options->erase(list);
    }
    body_.merge_patch(*options);
    const auto stream = body_.find("stream");
    if (stream == body_.end() || *stream != true)
      return fail(errc::invalid_request,
                  "provider_options must not turn \"stream\" off");
    return {};
  }

  // Looked at with the tools of the options in place, which may be the only
  // ones; a choice among the options wins.
  expected<void> add_tool_choice() {
    using enum tool_choice::mode;
    const auto& choice = what_.tool_choice;
    const auto tools = body_.find("tools");
    const bool has_tools = tools != body_.end() && !tools->empty();
    if (choice.how == automatic || body_.contains("tool_choice")
        || (choice.how == none && !has_tools))
      return {};
    if (choice.how == none) {
      body_["tool_choice"] = "none";
      return {};
    }
    if (!has_tools)
      return fail(errc::invalid_request,
                  "tool_choice asks for a tool, but there is none");
    if (choice.how == required) {
      body_["tool_choice"] = "required";
      return {};
    }
    for (const auto& tool : *tools)
      if (tool.is_object() && tool.contains("name") && tool.contains("type")
          && tool.at("name") == choice.name)
        body_["tool_choice"] = {{"type", tool.at("type")},
                                {"name", choice.name}};
    if (!body_.contains("tool_choice"))
      return fail(errc::invalid_request, "tool_choice names \"" + choice.name
                                           + "\", which is no tool here");
    return {};
  }

  const endpoint& at_;
  std::string_view model_;
  const prompt& what_;
  openai_responses_quirks quirks_;
  ordered_json body_ = ordered_json::object();
  encoder_notes left_out_;
};

} // namespace

expected<encoded_request> encode_openai_responses(const endpoint& at,
                                                  std::string_view model,
                                                  const prompt& what) {
  return encoder{at, model, what}.run();
}

} // namespace penstock
