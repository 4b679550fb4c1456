#include "tools/chat_options.hpp"

#include "providers/scrub.hpp"
#include "runtime/close_names.hpp"
#include "runtime/option_table.hpp"
#include "tools/command.hpp"

#include <utility>

namespace penstock::cli {

namespace {

tl::unexpected<error> wrong(std::string what) {
  return fail(errc::invalid_request, std::move(what));
}

/// What a person typed; a key in the wrong place is a key still.
std::string quoted(const std::string& typed) {
  return shown(scrub(typed));
}

/// "provider" of "provider:model".
expected<std::string> provider_of(const char* flag, const std::string& model) {
  const auto colon = model.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == model.size())
    return wrong(std::string{flag} + " \"" + quoted(model)
                 + "\" is not of the form PROVIDER:MODEL, as in "
                   "anthropic:claude-haiku-4-5");
  return model.substr(0, colon);
}

expected<void> redirect(runtime_options& to, const chat_options& options,
                        const std::string& provider) {
  auto& config = to.providers[provider];
  if (!options.base_url.empty()) {
    auto url = checked_base_url(options.base_url, config.allow_plain_http);
    if (!url)
      return wrong("--base-url: " + url.error().message);
    config.base_url = options.base_url;
  }
  if (!options.api.empty())
    config.api = options.api;
  return {};
}

expected<void> set_options(runtime_options& to,
                           const std::vector<std::string>& all) {
  for (const auto& text : all) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return wrong("--set \"" + quoted(text)
                   + "\" is not of the form KEY=VALUE, as in "
                     "on_partial=retract");
    if (auto done =
          set_option(to, text.substr(0, equals), text.substr(equals + 1));
        !done)
      return wrong("--set: " + done.error().message
                   + "; penstock chat --help lists all options");
  }
  return {};
}

expected<void> check_api(const std::string& api) {
  if (api.empty() || find_codec(api))
    return {};
  return wrong("--api: there is no API \"" + shown(api) + "\"; there are "
               + listed(codec_names()));
}

} // namespace

expected<void> redirect_model(configuration& to, const chat_options& options,
                              const char* flag, const std::string& model) {
  const auto provider = provider_of(flag, model);
  if (!provider)
    return fail(provider.error());
  if (options.base_url.empty() && options.api.empty())
    return {};
  return redirect(to.options, options, *provider);
}

expected<configuration> configuration_of(const chat_options& options) {
  if (options.model.empty() && !options.resume)
    return wrong("no model; name one with --model PROVIDER:MODEL, as in "
                 "--model anthropic:claude-haiku-4-5");
  if (auto done = check_api(options.api); !done)
    return fail(done.error());
  auto made = options.config.empty() ? expected<configuration>{configuration{}}
                                     : load_configuration(options.config);
  if (!made)
    return wrong("--config: " + made.error().message);
  if (auto done = set_options(made->options, options.set); !done)
    return fail(done.error());
  if (!options.model.empty())
    if (auto done = redirect_model(*made, options, "--model", options.model);
        !done)
      return fail(done.error());
  for (const auto& model : options.fallback)
    if (auto done = redirect_model(*made, options, "--fallback", model); !done)
      return fail(done.error());
  return made;
}

} // namespace penstock::cli
