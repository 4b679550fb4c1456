#include "providers/anthropic_codec_encoder.hpp"

#include "providers/anthropic_codec_blocks.hpp"
#include "providers/anthropic_codec_messages.hpp"
#include "providers/anthropic_codec_models.hpp"
#include "providers/anthropic_codec_options.hpp"
#include "providers/anthropic_codec_thinking.hpp"
#include "providers/encoding.hpp"
#include "providers/json.hpp"

#include <string>
#include <utility>

namespace penstock::anthropic {

namespace {

using encoding::parse_object;

constexpr const char* version_header = "2023-06-01";

expected<void> add_tools(ordered_json& body, const prompt& what) {
  for (const auto& tool : what.tools) {
    ordered_json entry{{"name", tool.name}};
    if (!is_blank(tool.description))
      entry["description"] = tool.description;
    auto schema = encoding::input_schema(tool);
    if (!schema)
      return fail(schema.error());
    entry["input_schema"] = std::move(*schema);
    body["tools"].push_back(std::move(entry));
  }
  return {};
}

// Looked at with the tools of the options in place.
expected<void> add_tool_choice(ordered_json& body, const tool_choice& choice,
                               const model_facts& facts,
                               std::string_view model) {
  using enum tool_choice::mode;
  if (choice.how == automatic || body.contains("tool_choice"))
    return {};
  const bool has_tools = body.contains("tools") && !body.at("tools").empty();
  if (choice.how == none) {
    if (has_tools)
      body["tool_choice"] = {{"type", "none"}};
    return {};
  }
  if (!has_tools)
    return fail(errc::invalid_request,
                "tool_choice asks for a tool, but there is none");
  if (facts.forced == forced_tool::never)
    return fail(errc::invalid_request,
                std::string{model}
                  + " cannot be forced to call a tool; use tool_choice "
                    "\"auto\" and ask for it in the prompt");
  if (choice.how == required)
    body["tool_choice"] = {{"type", "any"}};
  else
    body["tool_choice"] = {{"type", "tool"}, {"name", choice.name}};
  return {};
}

expected<void> add_response_format(ordered_json& body,
                                   const response_format& format,
                                   const model_facts& facts,
                                   std::string_view model) {
  using enum response_format::kind;
  if (format.what == text)
    return {};
  if (format.what == response_format::kind::json)
    return fail(errc::invalid_request,
                "anthropic-messages has no JSON answer without a schema; give "
                "response_format a JSON schema");
  if (!facts.json_schema)
    return fail(errc::invalid_request,
                std::string{model}
                  + " has no structured outputs; offer a tool with this schema "
                    "and force it, or use a newer model");
  auto schema = parse_object(format.schema_json, "the schema of the answer");
  if (!schema)
    return fail(schema.error());
  body["output_config"]["format"] = {{"type", "json_schema"},
                                     {"schema", std::move(*schema)}};
  return {};
}

// A breakpoint at the last block of a turn that may carry one.
void mark_turn(ordered_json& turn, const ordered_json& mark) {
  auto& content = turn["content"];
  for (auto block = content.rbegin(); block != content.rend(); ++block) {
    const auto& type = block->at("type");
    if (type == "thinking" || type == "redacted_thinking" || type == "fallback")
      continue;
    (*block)["cache_control"] = mark;
    return;
  }
}

// The four breakpoints that the API allows: the tools, the system text, the
// end of the conversation, and the user's turn before it, where the request
// before this one had its end.
void add_cache_marks(ordered_json& body, cache_ttl ttl) {
  if (ttl == cache_ttl::off)
    return;
  ordered_json mark{{"type", "ephemeral"}};
  if (ttl == cache_ttl::one_hour)
    mark["ttl"] = "1h";
  if (body.contains("tools"))
    body["tools"].back()["cache_control"] = mark;
  if (body.contains("system"))
    body["system"].back()["cache_control"] = mark;
  auto& turns = body["messages"];
  mark_turn(turns.back(), mark);
  for (auto i = turns.size() - 1; i-- > 0;)
    if (turns[i].at("role") == "user") {
      mark_turn(turns[i], mark);
      return;
    }
}

// Beside what the options say of it (skills).
void add_container(ordered_json& body, const std::string& id) {
  if (id.empty())
    return;
  auto& container = body["container"];
  if (container.is_null())
    container = id;
  else if (container.is_object() && !container.contains("id"))
    container["id"] = id;
}

struct encoded_body {
  ordered_json json = ordered_json::object();
  std::string betas;
};

expected<encoded_body> encode_body(const endpoint& at, std::string_view model,
                                   const prompt& what,
                                   encoder_notes& left_out) {
  const auto& facts = facts_of(model);
  auto talk = to_conversation(what, at, model, facts.prefill, left_out);
  if (!talk)
    return fail(talk.error());
  encoded_body out;
  auto& body = out.json;
  body["model"] = model;
  body["max_tokens"] = what.max_output_tokens.value_or(facts.output_tokens_max);
  body["stream"] = true;
  if (auto done = add_tools(body, what); !done)
    return fail(done.error());
  if (!talk->system.empty())
    body["system"] = ordered_json::array({text_block(talk->system)});
  body["messages"] = std::move(talk->turns);
  const bool thinks = add_thinking(body, what, facts, talk->prefill, left_out);
  add_sampling(body, what.sampling, facts, thinks, left_out);
  if (auto done = add_response_format(body, what.response_format, facts, model);
      !done)
    return fail(done.error());
  add_cache_marks(body, what.cache);
  if (!what.provider_options_json.empty()) {
    const auto options =
      parse_object(what.provider_options_json, "provider_options");
    if (!options)
      return fail(options.error());
    merge_options(body, *options);
  }
  if (auto done = add_tool_choice(body, what.tool_choice, facts, model); !done)
    return fail(done.error());
  add_container(body, talk->container);
  out.betas = betas_for(body);
  return out;
}

// The base may have the version already, as other SDKs write it.
std::string url_of(const endpoint& at) {
  const std::string_view base = at.base_url;
  return at.base_url + (base.ends_with("/v1") ? "/messages" : "/v1/messages");
}

} // namespace

expected<encoded_request>
encode_request(const endpoint& at, std::string_view model, const prompt& what) {
  encoded_request request;
  auto body = encode_body(at, model, what, request.left_out);
  if (!body)
    return fail(body.error());
  request.http.url = url_of(at);
  header_list base{{"content-type", "application/json"},
                   {"accept", "text/event-stream"},
                   {"anthropic-version", version_header}};
  if (!at.key.empty())
    base.push_back({"x-api-key", at.key.reveal()});
  if (!body->betas.empty())
    base.push_back({"anthropic-beta", std::move(body->betas)});
  auto headers = merge_headers(std::move(base), at.headers);
  if (headers)
    headers = merge_headers(std::move(*headers), what.headers);
  if (!headers)
    return fail(headers.error());
  request.http.headers = std::move(*headers);
  request.http.body = to_text(body->json);
  return request;
}

} // namespace penstock::anthropic
