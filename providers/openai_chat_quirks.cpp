// Source: the API references of the servers, as far as they have one, and the
//         adapters of the Vercel AI SDK (packages openai, mistral, deepseek,
//         groq, xai, perplexity), which are tested against them.
#include "providers/openai_chat_quirks.hpp"

namespace penstock {

namespace {

using back = chat_reasoning_back;
using think = chat_thinking;

// OpenAI's models: those that reason take no sampling, unless told not to
// reason; the others take no effort. Of a name that is not known here both are
// possible.
constexpr openai_chat_quirks openai(std::string_view prefix, think thinking,
                                    std::string_view efforts) {
  const bool sampled = prefix.empty() || thinking == think::none;
  return {.provider = "openai",
          .model_prefix = prefix,
          .thinking = thinking,
          .efforts = efforts,
          .max_tokens = "max_completion_tokens",
          .files = chat_files::by_bytes,
          .obfuscates = true,
          .penalties = sampled,
          .temperature = sampled,
          .stop = sampled,
          .stops_max = 4,
          .call_id_bytes_max = 40};
}

// The same models elsewhere. Its deployments of older models know max_tokens
// only.
constexpr openai_chat_quirks azure(openai_chat_quirks row) {
  row.provider = "azure";
  row.key_header = "api-key";
  row.obfuscates = false;
  if (row.thinking == think::none)
    row.max_tokens = "max_tokens";
  return row;
}

constexpr auto effort = think::reasoning_effort;
constexpr openai_chat_quirks openai_rows[] = {
  openai("", effort, "low medium high"),
  openai("gpt-3", think::none, ""),
  openai("gpt-4", think::none, ""),
  openai("chatgpt-", think::none, ""),
  openai("ft:gpt-", think::none, ""),
  openai("o1", effort, "low medium high"),
  openai("o1-mini", think::none, ""),
  openai("o1-preview", think::none, ""),
  openai("o3", effort, "low medium high"),
  openai("o4", effort, "low medium high"),
  openai("gpt-5", effort, "minimal low medium high"),
  openai("gpt-5-pro", effort, "high"),
  openai("gpt-5-chat", think::none, ""),
  openai("gpt-5-codex", effort, "low medium high"),
  openai("gpt-5.", effort, "none low medium high xhigh"),
  openai("gpt-5.1", effort, "none low medium high"),
  openai("gpt-5.1-chat", effort, "medium"),
  openai("gpt-5.1-codex-max", effort, "none low medium high xhigh"),
  openai("gpt-5.2-chat", effort, "medium"),
  openai("gpt-5.3-chat", think::none, ""),
};

constexpr openai_chat_quirks rows[] = {
  {.provider = "deepseek",
   .thinking = think::thinking_object,
   .efforts = "high max",
   .reasoning_back = back::in_tool_loop,
   .prefill = chat_prefill::prefix,
   .prefill_path = "/beta",
   .seed = "",
   .json_schema = false,
   .stops_max = 16},
  {.provider = "groq",
   .efforts = "low medium high",
   .prefill = chat_prefill::plain,
   .stops_max = 4},
  {.provider = "groq", .model_prefix = "openai/gpt-oss", .stops_max = 4},
  {.provider = "groq",
   .model_prefix = "qwen/",
   .efforts = "none default",
   .stops_max = 4},
  {.provider = "mistral",
   .efforts = "none high",
   .reasoning_back = back::element,
   .prefill = chat_prefill::prefix,
   .seed = "random_seed",
   .any_tool = "any",
   .files = chat_files::document_url,
   .files_in_tool_results = true,
   .stream_options = false,
   .call_id_bytes = 9},
  {.provider = "xai",
   .thinking = think::none,
   .penalties = false,
   .stop = false},
  {.provider = "xai", .model_prefix = "grok-2", .thinking = think::none},
  {.provider = "xai", .model_prefix = "grok-3", .thinking = think::none},
  {.provider = "xai",
   .model_prefix = "grok-3-mini",
   .efforts = "low high",
   .penalties = false,
   .stop = false},
  {.provider = "openrouter",
   .thinking = think::reasoning_object,
   .efforts = "none minimal low medium high xhigh",
   .reasoning_back = back::details,
   .files = chat_files::by_url_too,
   .top_k = true,
   .call_id_bytes_max = 40},
  {.provider = "together", .top_k = true},
  {.provider = "fireworks", .efforts = "none low medium high", .top_k = true},
  {.provider = "cerebras", .penalties = false},
  {.provider = "perplexity",
   .efforts = "minimal low medium high",
   .seed = "",
   .stream_options = false,
   .top_k = true,
   .json_object = false},
  {.provider = "alibaba",
   .thinking = think::enable_thinking,
   .prefill = chat_prefill::partial,
   .top_k = true},
  {.provider = "moonshot",
   .thinking = think::thinking_object,
   .efforts = "",
   .reasoning_back = back::in_tool_loop,
   .prefill = chat_prefill::partial,
   .seed = ""},
  {.provider = "zai",
   .thinking = think::thinking_object,
   .efforts = "",
   .reasoning_back = back::in_tool_loop,
   .seed = "",
   .penalties = false,
   .json_schema = false,
   .stops_max = 1},
  {.provider = "google", .efforts = "none minimal low medium high"},
  {.provider = "github-copilot", .reasoning_back = back::opaque},
  {.provider = "vllm", .prefill = chat_prefill::continue_final, .top_k = true},
  {.provider = "llamacpp", .thinking = think::none, .top_k = true},
  {.provider = "lmstudio", .thinking = think::none, .top_k = true},
  {.provider = "ollama", .efforts = "none low medium high"},
};

constexpr openai_chat_quirks defaults{.provider = ""};

// Names of one server: the cloud's old name, or its endpoint's.
constexpr std::string_view canonical(std::string_view provider) {
  constexpr std::string_view aliases[][2] = {
    {"azure-openai", "azure"},
    {"qwen", "alibaba"},
    {"dashscope", "alibaba"},
    {"kimi", "moonshot"},
    {"moonshotai", "moonshot"},
    {"zhipu", "zai"},
    {"grok", "xai"},
    {"llama.cpp", "llamacpp"},
    {"gemini", "google"},
    {"copilot", "github-copilot"},
  };
  for (const auto& [alias, name] : aliases)
    if (alias == provider)
      return name;
  return provider;
}

constexpr auto azure_rows = [] {
  struct {
    openai_chat_quirks row[std::size(openai_rows)];
  } copy;
  for (std::size_t i = 0; i < std::size(openai_rows); ++i)
    copy.row[i] = azure(openai_rows[i]);
  return copy;
}();

} // namespace

const openai_chat_quirks&
openai_chat_quirks_of(std::string_view provider,
                      std::string_view model) noexcept {
  provider = canonical(provider);
  const auto* best = &defaults;
  const auto consider = [&](const openai_chat_quirks& row) {
    if (row.provider == provider && model.starts_with(row.model_prefix)
        && (best == &defaults
            || row.model_prefix.size() > best->model_prefix.size()))
      best = &row;
  };
  for (const auto& row : openai_rows)
    consider(row);
  for (const auto& row : azure_rows.row)
    consider(row);
  for (const auto& row : rows)
    consider(row);
  return *best;
}

} // namespace penstock
