// Source: the API references of the servers, as far as they have one, and the
//         adapters of the Vercel AI SDK (packages openai, mistral, deepseek,
//         groq, xai, perplexity), which are tested against them.
#include "providers/openai_chat_quirks.hpp"

#include "providers/ascii.hpp"

#include <algorithm>
#include <iterator>

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
          .always_thinks = !prefix.empty() && thinking != think::none,
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

// Mistral's: a model that has no efforts refuses to be told one, and most have
// none.
// Source: docs.mistral.ai, "Reasoning"; what the API has answered to each name
// (github.com/anomalyco/models.dev, pull request 1986).
constexpr openai_chat_quirks mistral(std::string_view prefix, think thinking) {
  return {.provider = "mistral",
          .model_prefix = prefix,
          .thinking = thinking,
          .efforts = "none high",
          .reasoning_back = back::element,
          .prefill = chat_prefill::prefix,
          .seed = "random_seed",
          .any_tool = "any",
          .turns = chat_turns::bridged,
          .files = chat_files::document_url,
          .files_in_tool_results = true,
          .stream_options = false,
          .call_id_bytes = 9};
}

// Moonshot's: some can be told not to reason, and do by themselves.
constexpr openai_chat_quirks kimi(std::string_view prefix, bool switched) {
  return {.provider = "moonshot",
          .model_prefix = prefix,
          .thinking = think::thinking_object,
          .efforts = "",
          .thinks_unasked = switched,
          .forced_excludes_thinking = switched,
          .reasoning_back = back::everywhere,
          .prefill = chat_prefill::partial,
          .seed = ""};
}

// Google's compatible endpoint. Its newer models cannot but reason.
constexpr openai_chat_quirks google(std::string_view prefix,
                                    std::string_view efforts) {
  return {.provider = "google",
          .model_prefix = prefix,
          .efforts = efforts,
          .always_thinks = !prefix.empty(),
          .signed_calls = true};
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
   .efforts = "low medium high max",
   .thinks_unasked = true,
   .forced_excludes_thinking = true,
   .reasoning_back = back::everywhere,
   .prefill = chat_prefill::prefix,
   .prefill_path = "/beta",
   .seed = "",
   .json_schema = false,
   .stops_max = 16},
  {.provider = "groq",
   .thinking = think::none,
   .prefill = chat_prefill::plain,
   .stops_max = 4},
  {.provider = "groq",
   .model_prefix = "openai/gpt-oss",
   .always_thinks = true,
   .stops_max = 4},
  {.provider = "groq",
   .model_prefix = "qwen/",
   .efforts = "none default",
   .stops_max = 4},
  mistral("", think::none),
  mistral("mistral-small-latest", effort),
  mistral("mistral-small-2603", effort),
  mistral("mistral-medium-latest", effort),
  mistral("mistral-medium-2604", effort),
  mistral("mistral-medium-3", effort),
  mistral("magistral-small-latest", effort),
  {.provider = "xai",
   .thinking = think::none,
   .penalties = false,
   .stop = false},
  {.provider = "xai", .model_prefix = "grok-2", .thinking = think::none},
  {.provider = "xai", .model_prefix = "grok-3", .thinking = think::none},
  {.provider = "xai",
   .model_prefix = "grok-3-mini",
   .efforts = "low high",
   .always_thinks = true,
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
  {.provider = "cerebras", .thinking = think::none, .penalties = false},
  {.provider = "cerebras",
   .model_prefix = "gpt-oss",
   .always_thinks = true,
   .penalties = false},
  {.provider = "cerebras",
   .model_prefix = "zai-glm",
   .efforts = "none low medium high",
   .penalties = false},
  {.provider = "cerebras",
   .model_prefix = "qwen-3.",
   .efforts = "none low medium high",
   .penalties = false},
  {.provider = "perplexity",
   .efforts = "minimal low medium high",
   .seed = "",
   .turns = chat_turns::alternating,
   .stream_options = false,
   .top_k = true,
   .json_object = false},
  {.provider = "alibaba",
   .thinking = think::enable_thinking,
   .forced_excludes_thinking = true,
   .prefill = chat_prefill::partial,
   .top_k = true},
  {.provider = "moonshot",
   .thinking = think::thinking_object,
   .efforts = "",
   .reasoning_back = back::in_tool_loop,
   .prefill = chat_prefill::partial,
   .seed = ""},
  kimi("kimi-", false),
  kimi("kimi-k2.5", true),
  kimi("kimi-k2.6", true),
  {.provider = "zai",
   .thinking = think::thinking_object,
   .efforts = "",
   .reasoning_back = back::in_tool_loop,
   .seed = "",
   .penalties = false,
   .json_schema = false,
   .stops_max = 1},
  google("", "none minimal low medium high"),
  google("gemini-2.5-pro", "minimal low medium high"),
  google("gemini-3", "minimal low medium high"),
  {.provider = "litellm", .reasoning_back = back::blocks},
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

chat_turns turns_of(const openai_chat_quirks& quirks, std::string_view model) {
  // Of the names under which its models run elsewhere ("mistralai/…").
  constexpr std::string_view families[] = {"mistral",  "ministral", "magistral",
                                           "devstral", "codestral", "mixtral"};
  const auto name = ascii::lower_case(model);
  const bool mistrals = std::any_of(
    std::begin(families), std::end(families),
    [&](std::string_view family) { return name.find(family) != name.npos; });
  return quirks.turns == chat_turns::free && mistrals ? chat_turns::bridged
                                                      : quirks.turns;
}

std::optional<thinking_level> thinking_of(const prompt& what,
                                          const openai_chat_quirks& quirks) {
  const bool thinks = what.thinking ? *what.thinking != thinking_level::off
                                    : quirks.thinks_unasked;
  return thinks && quirks.forced_excludes_thinking
             && what.tool_choice.forces_a_call()
           ? thinking_level::off
           : what.thinking;
}

} // namespace penstock
