#include "providers/model_catalog.hpp"

#include "messages/limits.hpp"
#include "providers/model_catalog_tables.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace penstock {

namespace {

constexpr std::string_view scripted_api = "scripted";

/// What is shown of a name that a person typed.
constexpr std::size_t shown_bytes_max = 100;

std::string in_quotes(std::string_view name) {
  return '"' + one_line(scrub(name), shown_bytes_max) + '"';
}

// Perhaps a key was pasted in its place.
std::string_view shown_name(std::string_view name) {
  return looks_like_key(name) ? scrubbed : name;
}

template <class Names>
std::string list_of(const Names& names) {
  std::string text;
  for (const auto& name : names) {
    text += text.empty() ? "" : ", ";
    text += name;
  }
  return text;
}

/// Fills the fields that `over` leaves unset.
provider_config laid_over(provider_config over, const provider_config& below) {
  if (over.api.empty())
    over.api = below.api;
  if (over.base_url.empty())
    over.base_url = below.base_url;
  if (over.api_key_env.empty())
    over.api_key_env = below.api_key_env;
  if (over.headers.empty())
    over.headers = below.headers;
  if (over.script.empty() && over.api == below.api)
    over.script = below.script;
  return over;
}

/// Adds the provider to the text of an error.
tl::unexpected<error> of_provider(const std::string& provider, error why) {
  why.message = "provider " + in_quotes(provider) + ": " + why.message;
  return fail(std::move(why));
}

expected<secret> checked_key(std::string key, const std::string& from) {
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      return fail(errc::authentication,
                  "the key from " + from
                    + " has a line end or another control character in it; "
                      "set it to the key alone");
  }
  if (key.size() > limits::header_bytes_max)
    return fail(errc::authentication, "the key from " + from + " is too long");
  return secret{std::move(key)};
}

expected<secret> key_of_file(const std::string& path) {
  const auto from = "api_key_file " + in_quotes(path);
  std::error_code ec;
  // Opening a pipe could wait for ever.
  if (!std::filesystem::is_regular_file(path, ec))
    return fail(errc::authentication, from + " is not a file");
  std::ifstream file{path, std::ios::binary};
  std::string key(limits::header_bytes_max + 2, '\0');
  file.read(key.data(), static_cast<std::streamsize>(key.size()));
  if (!file.is_open() || file.bad())
    return fail(errc::authentication, from + " cannot be read");
  key.resize(static_cast<std::size_t>(file.gcount()));
  if (key.ends_with('\n'))
    key.pop_back();
  if (key.ends_with('\r'))
    key.pop_back();
  if (key.empty())
    return fail(errc::authentication, from + " is empty; put the key in it");
  return checked_key(std::move(key), from);
}

/// The host may look it up in a vault that is closed. Empty: it is not set.
expected<std::string> look_up(const model_catalog::environment& env,
                              const std::string& variable) {
  try {
    const char* value = env(variable.c_str());
    return std::string{value ? value : ""};
  } catch (const std::exception& e) {
    return fail(errc::authentication,
                "the look-up of the environment variable " + variable
                  + " failed: " + one_line(scrub(e.what()), shown_bytes_max));
  } catch (...) {
    return fail(errc::authentication, "the look-up of the environment variable "
                                        + variable + " failed");
  }
}

expected<std::string> scripted_url(const std::string& provider,
                                   const provider_config& config) {
  if (!config.base_url.empty())
    return fail(errc::invalid_request,
                "the API \"scripted\" has no base_url; leave it out");
  return scripted_base_url(provider);
}

expected<void> check_script(const provider_config& config,
                            std::string_view model) {
  if (config.api != scripted_api)
    return config.script.empty()
             ? expected<void>{}
             : fail(errc::invalid_request,
                    "it has a script, which only the API \"scripted\" plays");
  if (const auto found = config.script.find(model);
      found != config.script.end() && !found->second.empty())
    return {};
  std::vector<std::string> models;
  for (const auto& [name, answers] : config.script)
    models.push_back(name);
  return fail(
    errc::model_not_found,
    "the script has no model " + in_quotes(model)
      + (models.empty() ? "; it is empty" : "; there are " + list_of(models)));
}

expected<endpoint> endpoint_of(const std::string& provider,
                               const provider_config& config) {
  if (config.api.empty() || !find_codec(config.api))
    return fail(errc::invalid_request,
                (config.api.empty() ? "it has no \"api\""
                                    : "unknown api " + in_quotes(config.api))
                  + "; known ones are " + list_of(codec_names()));
  auto url = config.api == scripted_api
               ? scripted_url(provider, config)
               : checked_base_url(config.base_url, config.allow_plain_http);
  if (!url)
    return fail(std::move(url.error()));
  if (auto fault = fault_of(config.headers))
    return fail(std::move(*fault));
  return endpoint{provider, config.api, std::move(*url), {}, config.headers};
}

} // namespace

/// What the files said last.
struct model_catalog::key_files {
  std::mutex mutex;
  std::map<std::string, expected<secret>> read; // guarded by mutex

  expected<secret> find(const std::string& path, bool anew) {
    if (!anew) {
      const std::lock_guard guard{mutex};
      if (const auto it = read.find(path); it != read.end())
        return it->second;
    }
    auto key = key_of_file(path); // Nobody waits for the lock meanwhile.
    const std::lock_guard guard{mutex};
    return read.insert_or_assign(path, std::move(key)).first->second;
  }
};

model_catalog::model_catalog(std::map<std::string, provider_config> configured,
                             environment env)
  : providers_{std::move(configured)}, env_{std::move(env)},
    key_files_{std::make_shared<key_files>()} {
  if (!env_)
    env_ = [](const char* name) -> const char* { return std::getenv(name); };
  for (const auto& builtin : builtin_endpoints()) {
    provider_config below;
    below.api = builtin.api;
    below.base_url = builtin.base_url;
    below.api_key_env = builtin.key_variable;
    if (builtin.api == scripted_api)
      below.script = builtin_script();
    auto& config = providers_[std::string{builtin.provider}];
    config = laid_over(std::move(config), below);
  }
}

expected<secret> model_catalog::find_key(const std::string& provider,
                                         const provider_config& config,
                                         bool anew) const {
  if (!config.key.empty())
    return checked_key(config.key.reveal(), "the configuration");
  if (!config.api_key_file.empty())
    return key_files_->find(config.api_key_file, anew);
  if (config.api_key_env.empty())
    return secret{};
  std::vector<std::string> variables{config.api_key_env};
  const auto* builtin = find_builtin(provider);
  if (builtin && builtin->key_variable == config.api_key_env
      && !builtin->key_variable_also.empty())
    variables.emplace_back(builtin->key_variable_also);
  for (const auto& variable : variables) {
    auto value = look_up(env_, variable);
    if (!value)
      return fail(std::move(value.error()));
    if (!value->empty())
      return checked_key(std::move(*value),
                         "the environment variable " + variable);
  }
  std::string message = "no key; set the environment variable " + variables[0];
  for (std::size_t i = 1; i < variables.size(); ++i)
    message += " or " + variables[i];
  return fail(errc::authentication,
              message + ", or \"api_key_file\" in the configuration");
}

expected<resolved_model> model_catalog::resolve(std::string_view name) const {
  return resolve(name, true);
}

expected<resolved_model>
model_catalog::resolve_again(std::string_view name) const {
  return resolve(name, false);
}

expected<resolved_model> model_catalog::resolve(std::string_view name,
                                                bool anew) const {
  const auto colon = name.find(':');
  if (colon == name.npos || colon == 0 || colon + 1 == name.size())
    return fail(errc::model_not_found,
                in_quotes(shown_name(name))
                  + " is not of the form provider:model, such as "
                    "openai:gpt-5 or anthropic:claude-sonnet-4-5");
  const std::string provider{name.substr(0, colon)};
  const auto model = name.substr(colon + 1);
  if (name.size() > limits::id_bytes_max
      || std::any_of(model.begin(), model.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte == 0x7F;
         }))
    return fail(errc::model_not_found,
                in_quotes(name)
                  + " is no name of a model: it has white space or "
                    "a control character in it, or is longer than "
                  + std::to_string(limits::id_bytes_max) + " bytes");
  const auto config = providers_.find(provider);
  if (config == providers_.end())
    return fail(errc::model_not_found,
                "unknown provider " + in_quotes(shown_name(provider))
                  + "; known ones are " + list_of(provider_names()));
  auto at = endpoint_of(provider, config->second);
  if (!at)
    return of_provider(provider, std::move(at.error()));
  if (auto done = check_script(config->second, model); !done)
    return of_provider(provider, std::move(done.error()));
  auto key = find_key(provider, config->second, anew);
  if (!key)
    return of_provider(provider, std::move(key.error()));
  at->key = std::move(*key);
  const auto* codec = find_codec(at->api);
  return resolved_model{std::string{name}, std::string{model}, std::move(*at),
                        codec, known_limits(model)};
}

std::map<std::string, model_script> model_catalog::scripts() const {
  std::map<std::string, model_script> all;
  for (const auto& [name, config] : providers_)
    if (config.api == scripted_api)
      all.emplace(name, config.script);
  return all;
}

std::vector<std::string> model_catalog::provider_names() const {
  std::vector<std::string> names;
  for (const auto& [name, config] : providers_)
    names.push_back(name);
  return names;
}

} // namespace penstock
