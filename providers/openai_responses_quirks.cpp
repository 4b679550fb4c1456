// Source: the API references of the servers, and the adapters of the Vercel AI
//         SDK (packages openai, azure, xai, open-responses).
#include "providers/openai_responses_quirks.hpp"

namespace penstock {

namespace {

constexpr openai_responses_server openai{
  .provider = "openai", .system_role = "developer", .obfuscates = true};
constexpr openai_responses_server defaults{.provider = ""};

constexpr openai_responses_server rows[] = {
  openai,
  {.provider = "azure", .system_role = "developer", .key_header = "api-key"},
  {.provider = "xai", .models = "xai", .custom_tools_are_its_own = true},
  {.provider = "openrouter", .models = "openrouter"},
  {.provider = "groq", .models = "groq", .store = false, .summary = false},
  // Servers of one's own keep nothing unless told so, and their models' own
  // reasoning is text.
  {.provider = "lmstudio",
   .models = "lmstudio",
   .store = false,
   .plain_reasoning = true,
   .summary = false,
   .files = false},
  {.provider = "vllm",
   .models = "vllm",
   .store = false,
   .plain_reasoning = true,
   .summary = false},
  {.provider = "llamacpp",
   .models = "llamacpp",
   .store = false,
   .plain_reasoning = true,
   .summary = false},
  {.provider = "ollama",
   .models = "ollama",
   .store = false,
   .plain_reasoning = true,
   .summary = false,
   .files = false},
};

// Names of one server.
constexpr std::string_view canonical(std::string_view provider) {
  constexpr std::string_view aliases[][2] = {
    {"openai-responses", "openai"},
    {"azure-openai", "azure"},
    {"grok", "xai"},
    {"xai-responses", "xai"},
    {"llama.cpp", "llamacpp"},
    {"lm-studio", "lmstudio"},
  };
  for (const auto& [alias, name] : aliases)
    if (alias == provider)
      return name;
  return provider;
}

constexpr const openai_responses_server& server(std::string_view provider) {
  for (const auto& row : rows)
    if (row.provider == provider)
      return row;
  return defaults;
}

} // namespace

openai_responses_quirks
openai_responses_quirks_of(std::string_view provider,
                           std::string_view model) noexcept {
  openai_responses_quirks all{server(canonical(provider)), {}, false, true};
  const auto& facts = openai_chat_quirks_of(all.models, model);
  if (facts.thinking != chat_thinking::none)
    all.efforts = facts.efforts;
  all.reasons = all.models == "openai" && !facts.model_prefix.empty()
                && !all.efforts.empty();
  all.sampling = facts.temperature;
  return all;
}

} // namespace penstock
