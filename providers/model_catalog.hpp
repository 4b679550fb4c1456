// Which endpoint answers for "provider:model", and what is known of the model.
#pragma once

#include "providers/codec.hpp"

#include <cstdint>
#include <functional>
#include <map>
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
};

/// What the catalogue knows of one model. Unknown models have none of it.
struct model_limits {
  std::optional<std::uint64_t> context_tokens_max;
  std::optional<std::uint64_t> output_tokens_max;
  bool reasons = false; ///< Takes a thinking level.
};

/// A model that can be called.
struct resolved_model {
  std::string name; ///< "provider:model", as it was asked for.
  std::string wire_name;
  endpoint at;
  const api_codec* codec = nullptr; ///< Never null.
  model_limits limits;
};

/// Resolves names. Immutable once built: share it without a lock.
///
/// Errors of `resolve`, each with what to do:
///   model_not_found  unknown provider (the known ones are listed), or not of
///                    the form provider:model
///   authentication   no key (the environment variable is named)
///   invalid_request  malformed URL, plain HTTP to a remote host, unknown API,
///                    header with CR, LF or NUL
class model_catalog {
public:
  /// Reads one environment variable; null if it is not set.
  using environment = std::function<const char*(const char* name)>;

  /// The built-in endpoints (openai, openai-responses, anthropic, google,
  /// ollama, deepseek, groq, mistral, xai, openrouter, …) with `configured`
  /// laid over them. `env` is called in `resolve`.
  explicit model_catalog(std::map<std::string, provider_config> configured = {},
                         environment env = nullptr);

  expected<resolved_model> resolve(std::string_view name) const;

  /// Configured and built-in, sorted.
  std::vector<std::string> provider_names() const;

private:
  std::map<std::string, provider_config> providers_;
  environment env_; ///< Never null.
};

} // namespace penstock
