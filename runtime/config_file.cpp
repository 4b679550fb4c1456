#include "runtime/config_file.hpp"

#include "providers/json.hpp"
#include "runtime/close_names.hpp"
#include "runtime/json_object_reader.hpp"
#include "runtime/option_table.hpp"
#include "runtime/script_reader.hpp"
#include "runtime/text_file.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace penstock {

namespace {

using std::string, std::string_view;

constexpr std::size_t file_bytes_max = 16u << 20;

/// The text that an option on a command line would have.
expected<string> option_text(const string& path, const ordered_json& value) {
  if (value.is_string())
    return value.get<string>();
  if (value.is_boolean() || value.is_number())
    return value.dump();
  return fail(fault(path, "a number, a text, true or false", value));
}

expected<void> read_option(runtime_options& to, const string& path,
                           const string& name, const ordered_json& value) {
  const auto text = option_text(path, value);
  if (!text)
    return fail(text.error());
  runtime_options changed = to;
  if (auto done = set_option(changed, name, *text); !done) {
    auto why = done.error();
    // The table knows the name only; a path says where it stands.
    if (why.message.starts_with(name + ":"))
      why.message = path + why.message.substr(name.size());
    else
      why.message = path + ": " + why.message;
    return fail(std::move(why));
  }
  // A number where a text is expected, and the reverse, are mistakes too.
  const bool quoted_number =
    value.is_string() && !text->empty()
    && text->find_first_not_of("-+.0123456789eE") == string::npos;
  if (quoted_number)
    return fail(fault(path, "a number without quotes", value));
  to = std::move(changed);
  return {};
}

expected<void> read_options(runtime_options& to, const string& path,
                            const ordered_json& value) {
  return each_member(value, path,
                     [&](const string& at, const string& name, auto& v) {
                       return read_option(to, at, name, v);
                     });
}

/// Options of which only some may be told here: those that `own` names.
expected<void> read_some(runtime_options& to, const string& path,
                         const ordered_json& value,
                         const std::vector<string_view>& own) {
  return each_member(
    value, path,
    [&](const string& at, const string& name, auto& v) -> expected<void> {
      if (std::find(own.begin(), own.end(), name) == own.end())
        return fail(unknown(path, name, own));
      return read_option(to, at, name, v);
    });
}

/// Only the options that belong to one endpoint.
expected<void> read_endpoint_options(endpoint_options& to, const string& path,
                                     const ordered_json& value) {
  runtime_options carrier;
  carrier.endpoints = to;
  auto done = read_some(carrier, path, value,
                        {"max_concurrent_attempts", "breaker_failures",
                         "breaker_window_ms", "breaker_cooldown_ms"});
  if (done)
    to = carrier.endpoints;
  return done;
}

/// The clocks of one model; those that are not named are as for all.
expected<void> read_clocks(stream_options& to, const string& path,
                           const string& model, const ordered_json& value) {
  if (model.find(':') == string::npos)
    return fail(errc::invalid_request, path + ": expected PROVIDER:MODEL");
  runtime_options carrier;
  carrier.streams.clocks = to.clocks;
  auto done = read_some(carrier, path, value,
                        {"connect_timeout_ms", "first_byte_timeout_ms",
                         "first_token_timeout_ms", "liveness_timeout_ms",
                         "progress_timeout_ms"});
  if (done)
    to.clocks_by_model[model] = carrier.streams.clocks;
  return done;
}

/// One row of SPEC §6.2.
expected<void> read_restart_rule(restart_options& to, const string& path,
                                 const string& name,
                                 const ordered_json& value) {
  static const std::vector<string_view> rows{
    "rate_limit",       "overloaded",       "server_error", "network",
    "timeout",          "internal",         "empty_output", "model_refusal",
    "context_exceeded", "stream_truncated", "quota",        "authentication",
    "permission",       "model_not_found",  "protocol",     "invalid_request"};
  if (std::find(rows.begin(), rows.end(), name) == rows.end())
    return fail(unknown(path.substr(0, path.rfind('.')), name, rows));
  std::uint64_t attempts = 0;
  restart_rule rule;
  auto done = object_reader{}
                .required("attempts_per_model", into(attempts, 1, 1'000'000))
                .required("next_model", into(rule.next_model))
                .read(path, value);
  rule.attempts_per_model = static_cast<std::uint32_t>(attempts);
  if (done)
    to.rules[*errc_from_string(name)] = rule;
  return done;
}

expected<void> read_headers(header_list& to, const string& path,
                            const ordered_json& value) {
  auto done = each_member(
    value, path,
    [&](const string& at, const string& name, auto& v) -> expected<void> {
      string text;
      auto read = into(text)(at, v);
      to.emplace_back(name, std::move(text));
      return read;
    });
  if (!done)
    return done;
  if (auto bad = fault_of(to))
    return fail(errc::invalid_request, path + ": " + bad->message);
  return {};
}

expected<void> read_provider(runtime_options& to, const string& path,
                             const string& name, const ordered_json& value) {
  if (name.empty() || name.find(':') != string::npos)
    return fail(errc::invalid_request,
                path
                  + ": a provider's name is what stands before the first "
                    "colon of PROVIDER:MODEL");
  auto& p = to.providers[name];
  auto limits = to.endpoints;
  bool limited = false;
  auto done = object_reader{}
                .member("api", into(p.api))
                .member("base_url", into(p.base_url))
                .member("api_key_env", into(p.api_key_env))
                .member("api_key_file", into(p.api_key_file))
                .member("allow_plain_http", into(p.allow_plain_http))
                .member("headers",
                        [&](const string& at, const ordered_json& v) {
                          p.headers.clear();
                          return read_headers(p.headers, at, v);
                        })
                .member("options",
                        [&](const string& at, const ordered_json& v) {
                          limited = true;
                          return read_endpoint_options(limits, at, v);
                        })
                .member("script",
                        [&](const string& at, const ordered_json& v) {
                          return read_script(p.script, at, v);
                        })
                .refuse("api_key", "a key does not belong into a file that is "
                                   "shared; name its variable (api_key_env) or "
                                   "its file (api_key_file)")
                .read(path, value);
  if (!done)
    return done;
  if (!p.script.empty() && p.api.empty())
    p.api = "scripted";
  if (!p.script.empty() && p.api != "scripted")
    return fail(errc::invalid_request,
                path + ".script: only the API \"scripted\" plays a script");
  if (limited)
    to.endpoints_by_provider[name] = limits;
  if (!p.api.empty() && !find_codec(p.api)) {
    string known;
    for (const auto codec : codec_names())
      known += (known.empty() ? "" : ", ") + string{codec};
    return fail(errc::invalid_request, path + ".api: there is no API \""
                                         + shown(p.api) + "\"; there are "
                                         + known);
  }
  if (!p.base_url.empty())
    if (auto url = checked_base_url(p.base_url, p.allow_plain_http); !url)
      return fail(errc::invalid_request,
                  path + ".base_url: " + url.error().message);
  return {};
}

expected<void> read_tool(std::vector<configured_command>& to,
                         const string& path, const ordered_json& value) {
  configured_command made;
  std::uint64_t timeout_ms = 300'000;
  auto done =
    object_reader{}
      .required("name", into(made.definition.name))
      .member("description", into(made.definition.description))
      .required("input_schema",
                [&](const string& at, const ordered_json& v) -> expected<void> {
                  if (!v.is_object())
                    return fail(fault(at, "an object (a JSON schema)", v));
                  made.definition.input_schema_json = to_text(v);
                  return {};
                })
      .required("command",
                [&](const string& at, const ordered_json& v) -> expected<void> {
                  auto read = each_element(
                    v, at, [&](const string& here, const ordered_json& arg) {
                      return into(made.argv.emplace_back())(here, arg);
                    });
                  if (read && (made.argv.empty() || made.argv[0].empty()))
                    return fail(errc::invalid_request,
                                at + ": expected a program and its arguments");
                  return read;
                })
      .member("read_only", into(made.read_only))
      .member("idempotent", into(made.idempotent))
      .member("timeout_ms", into(timeout_ms, 1, 100'000'000'000))
      .read(path, value);
  if (!done)
    return done;
  made.timeout_ms = milliseconds{timeout_ms};
  for (const auto& other : to)
    if (other.definition.name == made.definition.name)
      return fail(errc::invalid_request, path + ".name: there is a tool \""
                                           + shown(made.definition.name)
                                           + "\" above already");
  to.push_back(std::move(made));
  return {};
}

expected<void> read_rule(std::vector<tool_rule>& to, const string& path,
                         const ordered_json& value) {
  tool_rule rule;
  auto done =
    object_reader{}
      .required("pattern", into(rule.pattern))
      .required("action",
                [&](const string& at, const ordered_json& v) -> expected<void> {
                  using verdict = tool_rule::verdict;
                  if (v == "enable")
                    rule.then = verdict::enable;
                  else if (v == "disable")
                    rule.then = verdict::disable;
                  else if (v == "require")
                    rule.then = verdict::require;
                  else
                    return fail(fault(at, "enable, disable or require", v));
                  return {};
                })
      .read(path, value);
  if (done)
    to.push_back(std::move(rule));
  return done;
}

} // namespace

expected<configuration> parse_configuration(string_view text,
                                            runtime_options base) {
  if (text.size() > file_bytes_max)
    return fail(errc::invalid_request, "a configuration of more than 16 MiB");
  const auto value = parse_ordered_json(text);
  if (!value)
    return fail(errc::invalid_request, value.error().message);
  configuration made{std::move(base), {}};
  auto& o = made.options;
  // What builds upon the options comes after them, wherever it stands.
  std::vector<std::function<expected<void>()>> later;
  const auto afterwards = [&](auto each) -> value_reader {
    return [&later, each](const string& path, const ordered_json& v) {
      later.push_back([path, &v, each] { return each_member(v, path, each); });
      return expected<void>{};
    };
  };
  auto done =
    object_reader{}
      .member("providers",
              afterwards([&](const string& at, const string& name, auto& v) {
                return read_provider(o, at, name, v);
              }))
      .member("options",
              [&](const string& path, const ordered_json& v) {
                return read_options(o, path, v);
              })
      .member("clocks_by_model",
              afterwards([&](const string& at, const string& name, auto& v) {
                return read_clocks(o.streams, at, name, v);
              }))
      .member("restart_rules",
              afterwards([&](const string& at, const string& name, auto& v) {
                return read_restart_rule(o.streams.restarts, at, name, v);
              }))
      .member("tools",
              [&](const string& path, const ordered_json& v) {
                return each_element(
                  v, path, [&](const string& at, const ordered_json& t) {
                    return read_tool(made.tools, at, t);
                  });
              })
      .member("tool_policy",
              [&](const string& path, const ordered_json& v) {
                return each_element(
                  v, path, [&](const string& at, const ordered_json& r) {
                    return read_rule(o.tool_policy, at, r);
                  });
              })
      .read("", *value);
  for (std::size_t i = 0; i < later.size() && done; ++i)
    done = later[i]();
  if (!done)
    return fail(done.error());
  return made;
}

expected<configuration> load_configuration(const string& path,
                                           runtime_options base) {
  const auto text = read_text_file(path, file_bytes_max);
  if (!text)
    return fail(text.error());
  auto made = parse_configuration(*text, std::move(base));
  if (!made)
    return fail(errc::invalid_request, path + ": " + made.error().message);
  return made;
}

} // namespace penstock
