// Which endpoint answers for "provider:model", and what is known of the model.
#pragma once

#include "providers/scripted_codec.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// One provider of the configuration. Unset fields come from the built-in
/// endpoint of the same name, if there is one.
struct provider_config {
  std::string api;
  std::string base_url;
  secret key;              ///< Wins over `api_key_env`.
  std::string api_key_env; ///< Name of the environment variable with the key.
  header_list headers;
  bool allow_plain_http = false; ///< Loopback is always allowed.
  /// A regular file with the key; one line end at its end is not part of it.
  /// Below `key`, above `api_key_env`.
  std::string api_key_file;
  /// Only with the API "scripted", which has no base URL: what the models
  /// answer, without a network.
  model_script script;
};

/// What the catalogue knows of one model. Unknown models have none of it.
struct model_limits {
  std::optional<std::uint64_t> context_tokens_max;
  std::optional<std::uint64_t> output_tokens_max;
  bool reasons = false; ///< Takes a thinking level.
  bool operator==(const model_limits&) const = default;
};

/// A model that can be called.
struct resolved_model {
  std::string name; ///< "provider:model", as it was asked for.
  std::string wire_name;
  endpoint at;
  const api_codec* codec = nullptr; ///< Never null.
  model_limits limits;
  bool operator==(const resolved_model&) const = default;
};

/// Resolves names. Never changes once built, but for what it has read of key
/// files: share it.
///
/// Threads: any.
/// Errors of `resolve`, each with what to do:
///   model_not_found  unknown provider (the known ones are listed), not of the
///                    form provider:model, or not in the provider's script
///   authentication   no key (the environment variable is named), or one that
///                    cannot be sent
///   invalid_request  malformed URL, plain HTTP to a remote host, unknown API,
///                    header with CR, LF or NUL
/// A model that the catalogue does not list is no error: it has no limits.
/// No message holds a key, a header's value, or a URL that may hold a password.
class model_catalog {
public:
  /// Reads one environment variable; null if it is not set.
  using environment = std::function<const char*(const char* name)>;

  /// The built-in endpoints (openai, openai-responses, anthropic, google,
  /// ollama, deepseek, groq, mistral, xai, openrouter, …) with `configured`
  /// laid over them. `env` is called in `resolve`.
  explicit model_catalog(std::map<std::string, provider_config> configured = {},
                         environment env = nullptr);

  /// @param name "provider:model"; the model may hold ':' and '/'.
  /// Cost: reads the key's file, if there is one: not on an actor.
  expected<resolved_model> resolve(std::string_view name) const;
  /// The same with the key that the last `resolve` found in the file, which a
  /// start has called for all of its models. Cost: reads the file only if
  /// nobody has.
  expected<resolved_model> resolve_again(std::string_view name) const;

  /// Configured and built-in, sorted.
  std::vector<std::string> provider_names() const;

  /// Of the providers with the API "scripted", by their names.
  std::map<std::string, model_script> scripts() const;

private:
  struct key_files;
  expected<resolved_model> resolve(std::string_view name, bool anew) const;
  expected<secret> find_key(const std::string& provider,
                            const provider_config& config, bool anew) const;

  std::map<std::string, provider_config> providers_;
  environment env_;                      ///< Never null.
  std::shared_ptr<key_files> key_files_; ///< Never null.
};

/// What is known of a model by its name on the wire: by the exact name, else by
/// the longest name of which it is a dated or labelled variant
/// ("gpt-5-2025-08-07" is a "gpt-5"; "gpt-5.9" is not).
model_limits known_limits(std::string_view wire_name) noexcept;

/// `url` as requests are built on it: no trailing slash, the host in the form
/// in which it was judged.
/// Errors: `invalid_request` for what is no absolute http or https URL, for
///         user info, a query or a fragment in it, and for plain HTTP to a host
///         that is not loopback unless `allow_plain_http`.
expected<std::string> checked_base_url(std::string_view url,
                                       bool allow_plain_http);

/// The first header that must not be sent, as an `invalid_request` that names
/// it: a name that is no token of RFC 9110 or that belongs to the HTTP client,
/// a value with a control character, either above limits::header_bytes_max.
std::optional<error> fault_of(const header_list& headers);

} // namespace penstock
