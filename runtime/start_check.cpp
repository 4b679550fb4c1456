#include "runtime/start_check.hpp"

#include "actors/tool_policy.hpp"
#include "messages/limits.hpp"
#include "runtime/message_check.hpp"
#include "runtime/option_check.hpp"

#include <cmath>
#include <string>
#include <utility>

namespace penstock {

namespace {

tl::unexpected<error> wrong(std::string what) {
  return fail(errc::invalid_request, std::move(what));
}

expected<void> check_messages(const start_request& r) {
  if (r.resume && r.with_history && !r.messages.empty())
    return wrong("a stream that is resumed with its history takes no messages; "
                 "enqueue what comes next");
  if (r.messages.empty() && !(r.resume && r.with_history))
    return wrong("messages must not be empty");
  for (std::size_t i = 0; i < r.messages.size(); ++i)
    if (auto done =
          check_message(r.messages[i], "messages[" + std::to_string(i) + "]");
        !done)
      return done;
  return {};
}

expected<void> check_ids(const start_request& r) {
  if (auto done = check_workspace_id(r.workspace_id); !done)
    return done;
  if (auto done = check_label("workspace_name", r.workspace_name); !done)
    return done;
  if (auto done = check_label("message_id", r.message_id); !done)
    return done;
  if (r.resume && (!r.message_id.empty() || r.history_sequence))
    return wrong("a stream that is resumed keeps its message_id and "
                 "history_sequence; leave them out");
  if (r.history_sequence.value_or(0) > history_sequence_max)
    return wrong("history_sequence: at most "
                 + std::to_string(history_sequence_max));
  if (r.stream == stream_id{})
    return wrong("stream: 0 is no stream id");
  if (r.scratch_dir.how == scratch_request::mode::path
      && r.scratch_dir.path.empty())
    return wrong("scratch_dir: the path is empty");
  return {};
}

expected<void> check_json(const start_request& r) {
  if (r.metadata_json.size() > limits::metadata_bytes_max)
    return wrong("metadata: more than "
                 + std::to_string(limits::metadata_bytes_max) + " bytes");
  if (!r.metadata_json.empty() && !is_json_object(r.metadata_json))
    return wrong("metadata: expected a JSON object");
  const auto check = [](const std::string& path,
                        const provider_options& all) -> expected<void> {
    for (const auto& [provider, options] : all)
      if (!is_json_object(options))
        return wrong(path + "[\"" + provider + "\"]: expected a JSON object");
    return {};
  };
  if (auto done = check("provider_options", r.provider_options_json); !done)
    return done;
  for (std::size_t i = 0; i < r.fallback.size(); ++i) {
    const auto path = "fallback[" + std::to_string(i) + "]";
    if (r.fallback[i].model.empty())
      return wrong(path + ": the model is missing");
    if (auto done = check(path + ".provider_options",
                          r.fallback[i].provider_options_json);
        !done)
      return done;
  }
  return {};
}

expected<void> check_sampling(const struct sampling& s,
                              const std::string& path) {
  const std::pair<const char*, const std::optional<double>&> all[] = {
    {"temperature", s.temperature},
    {"top_p", s.top_p},
    {"presence_penalty", s.presence_penalty},
    {"frequency_penalty", s.frequency_penalty}};
  for (const auto& [name, value] : all)
    if (value && !std::isfinite(*value))
      return wrong(path + "sampling." + name + ": expected a finite number");
  for (const auto& text : s.stop)
    if (text.empty())
      return wrong(path
                   + "sampling.stop: an empty text ends every answer at once");
  return {};
}

/// Of the request, and of its chain.
expected<void> check_numbers(const start_request& r) {
  if (auto done = check_sampling(r.sampling, ""); !done)
    return done;
  if (r.max_output_tokens == 0u)
    return wrong("max_output_tokens: must be at least 1");
  for (std::size_t i = 0; i < r.fallback.size(); ++i) {
    const auto path = "fallback[" + std::to_string(i) + "].";
    const auto& entry = r.fallback[i];
    if (entry.sampling)
      if (auto done = check_sampling(*entry.sampling, path); !done)
        return done;
    if (entry.max_output_tokens == 0u)
      return wrong(path + "max_output_tokens: must be at least 1");
  }
  return {};
}

/// The definitions of the tools that the model will be offered.
expected<std::vector<tool_definition>>
offered_tools(const start_request& r, const tool_set& registered) {
  const auto tools = resolve_tools(registered, r.tools);
  if (!tools)
    return fail(tools.error());
  const auto policy = tool_policy::compile(r.tool_policy);
  if (!policy)
    return fail(policy.error());
  std::vector<tool_definition> offered;
  for (const auto& [name, t] : *tools)
    if (policy->enables(name))
      offered.push_back(t.tool->definition);
  using mode = tool_choice::mode;
  if (r.tool_choice.how == mode::one && !tools->contains(r.tool_choice.name))
    return wrong("tool_choice: the request has no tool \"" + r.tool_choice.name
                 + "\"");
  if (r.tool_choice.how == mode::one && !policy->enables(r.tool_choice.name))
    return wrong("tool_choice: the tool_policy disables \"" + r.tool_choice.name
                 + "\"");
  if (r.tool_choice.how == mode::required && offered.empty())
    return wrong("tool_choice: a call is required, but there is no tool");
  return offered;
}

/// What the codec is asked to express beside the messages.
expected<prompt> trial_prompt(const start_request& r,
                              const tool_set& registered,
                              const std::string& provider) {
  auto tools = offered_tools(r, registered);
  if (!tools)
    return fail(tools.error());
  prompt p;
  p.system = r.system;
  p.messages = {{role::user, {text_content{"x"}}, {}}};
  p.tools = std::move(*tools);
  p.tool_choice = r.tool_choice;
  p.response_format = r.response_format;
  p.max_output_tokens = r.max_output_tokens;
  p.sampling = r.sampling;
  p.thinking = r.thinking_level;
  p.cache = r.cache;
  if (const auto own = r.provider_options_json.find(provider);
      own != r.provider_options_json.end())
    p.provider_options_json = own->second;
  p.headers = r.headers;
  return p;
}

} // namespace

void apply_defaults(start_request& r, const start_defaults& d) {
  const auto fill = [](auto& to, const auto& from) {
    if (!to)
      to = from;
  };
  fill(r.max_output_tokens, d.max_output_tokens);
  fill(r.thinking_level, d.thinking_level);
  fill(r.sampling.temperature, d.sampling.temperature);
  fill(r.sampling.top_p, d.sampling.top_p);
  fill(r.sampling.top_k, d.sampling.top_k);
  fill(r.sampling.presence_penalty, d.sampling.presence_penalty);
  fill(r.sampling.frequency_penalty, d.sampling.frequency_penalty);
  fill(r.sampling.seed, d.sampling.seed);
  if (r.sampling.stop.empty())
    r.sampling.stop = d.sampling.stop;
  if (r.cache == cache_ttl::off)
    r.cache = d.cache;
}

expected<void> check_start(const start_request& r, const model_catalog& models,
                           const tool_set& registered) {
  if (auto done = check_ids(r); !done)
    return done;
  if (auto done = check_messages(r); !done)
    return done;
  if (auto done = check_json(r); !done)
    return done;
  if (auto bad = fault_of(r.headers))
    return fail(std::move(*bad));
  if (auto done = check_numbers(r); !done)
    return done;
  if (r.options)
    if (auto done = check_options(*r.options); !done)
      return done;
  if (r.response_format.what == response_format::kind::json_schema
      && !is_json_object(r.response_format.schema_json))
    return wrong("response_format.schema: expected a JSON object");
  if (r.model.empty())
    return wrong("model is missing; it has the form provider:model");
  const auto model = models.resolve(r.model);
  if (!model)
    return fail(model.error());
  // A fault of these is for their turn; but their keys' files are read here,
  // where it is nobody's actor that waits for a disk.
  for (const auto& entry : r.fallback)
    (void)models.resolve(entry.model);
  const auto trial = trial_prompt(r, registered, model->at.provider);
  if (!trial)
    return fail(trial.error());
  if (auto encoded = model->codec->encode(model->at, model->wire_name, *trial);
      !encoded)
    return fail(encoded.error());
  return {};
}

} // namespace penstock
