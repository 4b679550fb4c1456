#include "providers/error_classifier_rules.hpp"

#include "providers/ascii.hpp"

#include <algorithm>
#include <span>

namespace penstock {

namespace {

using ascii::lower;

using phrases = std::span<const std::string_view>;

constexpr std::string_view context_phrases[] = {
  "prompt is too long",
  "prompt too long",
  "maximum context length",
  "maximum context window",
  "maximum prompt length",
  "exceeds the maximum number of tokens",
  "exceeds the context window",
  "exceeds the available context size",
  "exceeds the context length",
  "exceed context limit",
  "context_length_exceeded",
  "context length exceeded",
  "context window exceeds limit",
  "exceeded max context length",
  "number of input tokens exceeds",
  "greater than the context length",
  "input is too long for requested model",
  "reduce the length of the messages",
  "longer than the model's context length", // SGLang
  "longer than the maximum model length",   // vLLM
  "context size has been exceeded",         // llama.cpp
  "exceeded model token limit",             // Moonshot
  "prompt exceeds max length",              // Z.AI
  "range of input length should be",        // Alibaba
  "is loaded with context length of only",  // LM Studio
  "reduce the input token count",           // Vertex AI
  "model's context length is only",         // vLLM
  "reduce the length of the input",         // vLLM
  "exceeds maximum input length",           // TensorRT-LLM, DeepInfra
  "should not exceed max_num_tokens",       // TensorRT-LLM
  "exceeds session_len",                    // LMDeploy
  "must be less than max_seq_len",          // SiliconFlow
  "exceed max message tokens",              // Volcengine
  "prompt token count of",                  // GitHub Copilot
  "exceeds the model's context window",
  "exceeds the model context window",
  "max input tokens:",                          // Amazon's Titan
  "tokens in the prompt cannot exceed",         // Cohere at Amazon
  "exceeds the maximum allowed input length",   // Z.AI's GLM, Poolside
  "more than max tokens allowed",               // Z.AI's GLM
  "exceeds context size",                       // ds4
  "`inputs` must have less than",               // TGI
  "`inputs` tokens + `max_new_tokens` must be", // TGI, Together
  "prompt 超长",                                // Z.AI
};

constexpr std::string_view quota_phrases[] = {
  "insufficient_quota",    "insufficient quota",
  "insufficient balance",  "insufficient credit",
  "insufficient fund",     "exceeded your current quota",
  "credit balance",        "used all available credits",
  "purchase more credits", "out of credits",
  "payment required",      "billing details",
  "billing hard limit",    "billing account",
  "check your billing",    "enable billing",
  "spending limit",        "spend limit",
  "api usage limits",      "余额不足", // Z.AI: the balance is insufficient
};

/// In a 429 these say that waiting helps, whatever is said of plans beside it.
constexpr std::string_view window_phrases[] = {
  "per minute",         "per-minute",          "per second",
  "per-second",         "requests per",        "tokens per",
  "retry in",           "retry after",         "try again in",
  "rate limit reached", "rate limit exceeded",
};

constexpr std::string_view key_phrases[] = {
  "invalid api key",      "invalid api-key",   "invalid x-api-key",
  "incorrect api key",    "api key not valid", "api key is invalid",
  "api key is not valid",
};

constexpr std::string_view overload_phrases[] = {
  "overload",        "at capacity",     "capacity exceeded",
  "out of capacity", "enough capacity", "high demand",
  "server busy",     "too busy",        "over capacity",
};

constexpr std::string_view missing_model_phrases[] = {
  "is not a valid model", "not a valid model id", "invalid model:",
  "invalid model name",   "unknown model",        "no such model",
  "model not found",      "model not exist",      "model identifier is invalid",
  "invalid model id",     "模型不存在", // Z.AI: the model does not exist
};

/// What may follow "model NAME".
constexpr std::string_view is_missing[] = {
  "does not exist", "doesn't exist",           "not found",
  "is not found",   "was not found",           "could not be found",
  "not exist",      "has been decommissioned", "was removed",
};

bool has_any(std::string_view text, phrases list) {
  return std::any_of(list.begin(), list.end(), [&](auto phrase) {
    return text.find(phrase) != text.npos;
  });
}

/// Calls `f` with what follows each word "model" or "models" that is not part
/// of a path or of another word, until it returns true.
template <class F>
bool any_model_word(std::string_view text, F f) {
  constexpr std::string_view word = "model";
  constexpr auto joins = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
           || c == '/' || c == '-' || c == '.';
  };
  for (auto at = text.find(word); at != text.npos;
       at = text.find(word, at + 1)) {
    if (at > 0 && joins(text[at - 1]))
      continue;
    auto rest = text.substr(at + word.size());
    if (rest.starts_with('s'))
      rest.remove_prefix(1);
    const bool word_ends =
      rest.empty() || !joins(rest[0]) || rest[0] == '/' || rest[0] == '.';
    if (word_ends && f(rest))
      return true;
  }
  return false;
}

/// Whether `word` is a name and not a word of the sentence ("the model that…").
bool is_name(std::string_view word) {
  return word.find_first_of("`'\"/:-_.0123456789") != word.npos;
}

/// What follows the word "model": a name or nothing, then that it is missing.
bool begins_with_missing(std::string_view rest) {
  const auto first = std::min(rest.find_first_not_of(": "), rest.size());
  rest.remove_prefix(first);
  const auto says_so = [](std::string_view text) {
    return std::any_of(std::begin(is_missing), std::end(is_missing),
                       [&](auto phrase) { return text.starts_with(phrase); });
  };
  const auto end = rest.find(' ');
  return says_so(rest)
         || (end != rest.npos && is_name(rest.substr(0, end))
             && says_so(rest.substr(end + 1)));
}

/// "the model `x` does not exist", "models/x is not found", "unknown model".
bool says_model_is_missing(std::string_view text) {
  return has_any(text, missing_model_phrases)
         || any_model_word(text, begins_with_missing);
}

} // namespace

std::string searchable(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    if (message.starts_with("http://") || message.starts_with("https://")) {
      message.remove_prefix(
        std::min(message.find_first_of(" \t\r\n\"'<>"), message.size()));
      continue;
    }
    text += lower(message[0]);
    message.remove_prefix(1);
  }
  return text;
}

bool says_overloaded(std::string_view text) noexcept {
  return has_any(text, overload_phrases);
}

std::optional<errc> class_of_phrase(int status, std::string_view text,
                                    const error_facts& facts) {
  if (status != 0 && status != 400 && status != 404 && status != 413
      && status != 429)
    return std::nullopt;
  if (has_any(text, context_phrases))
    return errc::context_exceeded;
  const bool window = status == 429 && has_any(text, window_phrases);
  if (!window
      && (has_any(text, quota_phrases)
          || (status == 429 && text.find("billing") != text.npos)))
    return errc::quota;
  if ((status == 400 || status == 0) && has_any(text, key_phrases))
    return errc::authentication;
  if (says_model_is_missing(text))
    return errc::model_not_found;
  // In a 404 the status says that something is missing, and the noun what.
  const auto is_noun = [](std::string_view) { return true; };
  if (status == 404
      && (facts.param == "model" || any_model_word(text, is_noun)
          || text.find("no endpoints found") != text.npos))
    return errc::model_not_found;
  return std::nullopt;
}

} // namespace penstock
