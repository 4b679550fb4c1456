#include "providers/model_catalog_tables.hpp"

#include "providers/model_catalog.hpp"

#include <algorithm>
#include <cstdint>

namespace penstock {

namespace {

// The base URL is what the API's codec appends its path to.
constexpr builtin_endpoint endpoints[] = {
  {"openai", "openai-chat", "https://api.openai.com/v1", "OPENAI_API_KEY"},
  {"openai-responses", "openai-responses", "https://api.openai.com/v1",
   "OPENAI_API_KEY"},
  {"anthropic", "anthropic-messages", "https://api.anthropic.com",
   "ANTHROPIC_API_KEY"},
  {"google", "google-gemini", "https://generativelanguage.googleapis.com",
   "GEMINI_API_KEY", "GOOGLE_API_KEY"},
  {"deepseek", "openai-chat", "https://api.deepseek.com", "DEEPSEEK_API_KEY"},
  {"groq", "openai-chat", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
  {"mistral", "openai-chat", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
  {"xai", "openai-chat", "https://api.x.ai/v1", "XAI_API_KEY"},
  {"openrouter", "openai-chat", "https://openrouter.ai/api/v1",
   "OPENROUTER_API_KEY"},
  {"together", "openai-chat", "https://api.together.ai/v1", "TOGETHER_API_KEY"},
  {"fireworks", "openai-chat", "https://api.fireworks.ai/inference/v1",
   "FIREWORKS_API_KEY"},
  {"cerebras", "openai-chat", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"},
  {"perplexity", "openai-chat", "https://api.perplexity.ai",
   "PERPLEXITY_API_KEY"},
  // Servers of one's own, at the ports that they take unless told otherwise.
  {"ollama", "ollama", "http://localhost:11434", ""},
  {"lmstudio", "openai-chat", "http://localhost:1234/v1", ""},
  {"llamacpp", "openai-chat", "http://localhost:8080/v1", ""},
  {"vllm", "openai-chat", "http://localhost:8000/v1", ""},
  // No server at all.
  {"scripted", "scripted", "", ""},
};

struct limits_row {
  std::string_view name;
  std::uint32_t context_tokens_max;
  std::uint32_t output_tokens_max;
  bool reasons;
};

// Source: models.dev (providers/*/models of its repository), 2 July 2026,
// which cites each provider's own pages; for gpt-5-chat-latest and the retired
// gpt-4 variants OpenAI's pages, which differ. Names that mean the same model
// today and another one tomorrow ("-latest") are as of that day.
constexpr limits_row models[] = {
  // OpenAI
  {"gpt-3.5-turbo", 16'385, 4'096, false},
  {"gpt-4", 8'192, 8'192, false},
  {"gpt-4-32k", 32'768, 8'192, false},
  {"gpt-4-0125", 128'000, 4'096, false},
  {"gpt-4-1106", 128'000, 4'096, false},
  {"gpt-4-turbo", 128'000, 4'096, false},
  {"gpt-4o", 128'000, 16'384, false},
  {"gpt-4o-2024-05-13", 128'000, 4'096, false},
  {"gpt-4o-mini", 128'000, 16'384, false},
  {"gpt-4.1", 1'047'576, 32'768, false},
  {"gpt-4.1-mini", 1'047'576, 32'768, false},
  {"gpt-4.1-nano", 1'047'576, 32'768, false},
  {"gpt-5", 400'000, 128'000, true},
  {"gpt-5-chat-latest", 128'000, 16'384, false},
  {"gpt-5-pro", 400'000, 272'000, true},
  {"gpt-5.1", 400'000, 128'000, true},
  {"gpt-5.1-chat-latest", 128'000, 16'384, true},
  {"gpt-5.2", 400'000, 128'000, true},
  {"gpt-5.2-chat-latest", 128'000, 16'384, true},
  {"gpt-5.3-chat-latest", 128'000, 16'384, false},
  {"gpt-5.3-codex", 400'000, 128'000, true},
  {"gpt-5.3-codex-spark", 128'000, 32'000, true},
  {"gpt-5.4", 1'050'000, 128'000, true},
  {"gpt-5.4-mini", 400'000, 128'000, true},
  {"gpt-5.4-nano", 400'000, 128'000, true},
  {"gpt-5.5", 1'050'000, 128'000, true},
  {"o1", 200'000, 100'000, true},
  {"o3", 200'000, 100'000, true},
  {"o3-mini", 200'000, 100'000, true},
  {"o4-mini", 200'000, 100'000, true},
  // Anthropic
  {"claude-3-haiku", 200'000, 4'096, false},
  {"claude-3-opus", 200'000, 4'096, false},
  {"claude-3-sonnet", 200'000, 4'096, false},
  {"claude-3-5-haiku", 200'000, 8'192, false},
  {"claude-3-5-sonnet", 200'000, 8'192, false},
  {"claude-3-7-sonnet", 200'000, 64'000, true},
  {"claude-opus-4-0", 200'000, 32'000, true},
  {"claude-opus-4-20250514", 200'000, 32'000, true},
  {"claude-opus-4-1", 200'000, 32'000, true},
  {"claude-opus-4-5", 200'000, 64'000, true},
  {"claude-opus-4-6", 1'000'000, 128'000, true},
  {"claude-opus-4-7", 1'000'000, 128'000, true},
  {"claude-opus-4-8", 1'000'000, 128'000, true},
  {"claude-sonnet-4-0", 200'000, 64'000, true},
  {"claude-sonnet-4-20250514", 200'000, 64'000, true},
  {"claude-sonnet-4-5", 200'000, 64'000, true},
  {"claude-sonnet-4-6", 1'000'000, 64'000, true},
  {"claude-sonnet-5", 1'000'000, 128'000, true},
  {"claude-fable-5", 1'000'000, 128'000, true},
  {"claude-haiku-4-5", 200'000, 64'000, true},
  // Google
  {"gemini-2.0-flash", 1'048'576, 8'192, false},
  {"gemini-2.0-flash-lite", 1'048'576, 8'192, false},
  {"gemini-2.5-pro", 1'048'576, 65'536, true},
  {"gemini-2.5-flash", 1'048'576, 65'536, true},
  {"gemini-2.5-flash-image", 32'768, 32'768, true},
  {"gemini-2.5-flash-lite", 1'048'576, 65'536, true},
  {"gemini-3-pro-preview", 1'048'576, 65'536, true},
  {"gemini-3-flash-preview", 1'048'576, 65'536, true},
  {"gemini-3.1-pro-preview", 1'048'576, 65'536, true},
  {"gemini-3.1-flash-lite", 1'048'576, 65'536, true},
  {"gemini-3.5-flash", 1'048'576, 65'536, true},
  {"gemini-flash-latest", 1'048'576, 65'536, true},
  {"gemini-flash-lite-latest", 1'048'576, 65'536, true},
  // DeepSeek
  {"deepseek-chat", 1'000'000, 384'000, false},
  {"deepseek-reasoner", 1'000'000, 384'000, true},
  {"deepseek-v4-flash", 1'000'000, 384'000, true},
  {"deepseek-v4-pro", 1'000'000, 384'000, true},
  // Mistral
  {"codestral-latest", 256'000, 4'096, false},
  {"devstral-latest", 262'144, 262'144, false},
  {"devstral-medium-latest", 262'144, 262'144, false},
  {"magistral-medium-latest", 128'000, 16'384, true},
  {"magistral-small", 128'000, 128'000, true},
  {"ministral-3b-latest", 128'000, 128'000, false},
  {"ministral-8b-latest", 128'000, 128'000, false},
  {"mistral-large-2411", 131'072, 16'384, false},
  {"mistral-large-2512", 262'144, 262'144, false},
  {"mistral-large-latest", 262'144, 262'144, false},
  {"mistral-medium-2505", 131'072, 131'072, false},
  {"mistral-medium-2508", 262'144, 262'144, false},
  {"mistral-medium-2604", 262'144, 262'144, true},
  {"mistral-nemo", 128'000, 128'000, false},
  {"mistral-small-2506", 128'000, 16'384, false},
  {"mistral-small-2603", 256'000, 256'000, true},
  {"mistral-small-latest", 256'000, 256'000, true},
  {"pixtral-large-latest", 128'000, 128'000, false},
  // xAI
  {"grok-4.20-0309-non-reasoning", 1'000'000, 30'000, false},
  {"grok-4.20-0309-reasoning", 1'000'000, 30'000, true},
  {"grok-4.20-multi-agent-0309", 1'000'000, 30'000, true},
  {"grok-4.3", 1'000'000, 30'000, true},
  {"grok-build-0.1", 256'000, 256'000, true},
};

/// Whether `name` is `known`, or `known` with a date or a label behind it.
bool is_variant_of(std::string_view name, std::string_view known) {
  if (!name.starts_with(known))
    return false;
  constexpr std::string_view separators = "-@:";
  return name.size() == known.size()
         || separators.find(name[known.size()]) != separators.npos;
}

} // namespace

std::span<const builtin_endpoint> builtin_endpoints() noexcept {
  return endpoints;
}

const builtin_endpoint* find_builtin(std::string_view provider) noexcept {
  const auto it =
    std::find_if(std::begin(endpoints), std::end(endpoints),
                 [&](const auto& e) { return e.provider == provider; });
  return it == std::end(endpoints) ? nullptr : it;
}

model_limits known_limits(std::string_view wire_name) noexcept {
  const limits_row* best = nullptr;
  for (const auto& row : models)
    if (is_variant_of(wire_name, row.name)
        && (!best || row.name.size() > best->name.size()))
      best = &row;
  if (!best)
    return {};
  return {best->context_tokens_max, best->output_tokens_max, best->reasons};
}

} // namespace penstock
