#include "providers/error_classifier_rules.hpp"

#include "providers/ascii.hpp"

namespace penstock {

namespace {

/// Conditions of a row beside the code.
enum : int {
  any_status = 0,
  in_stream = 1, ///< The error came inside a 200 and names no status.
};

struct code_row {
  std::string_view code; ///< Compared without case, '_', '-', ' ' and '.'.
  errc what;
  int only_with = any_status; ///< A status, or one of the above.
};

/// Codes that decide alone. Not here: codes that only repeat the status
/// (invalid_request_error, INVALID_ARGUMENT, not_found, api_error with a
/// status), which must not hide what the message says more exactly.
///
/// Source: developers.openai.com/docs/guides/error-codes and spend-limits,
/// platform.claude.com/docs/en/api/errors, ai.google.dev/gemini-api/docs/
/// api-errors and google.rpc.Code, openrouter.ai/docs (ApiErrorType),
/// console.groq.com/docs/errors and flex-processing, docs.mistral.ai (error
/// glossary), inference-docs.cerebras.ai, learn.microsoft.com (Azure OpenAI),
/// Amazon Bedrock's common errors; read in November 2026.
constexpr code_row code_rows[] = {
  // The key.
  {"invalid_api_key", errc::authentication},
  {"incorrect_api_key_provided", errc::authentication},
  {"API_KEY_INVALID", errc::authentication},
  {"authentication_error", errc::authentication},
  {"authentication", errc::authentication},
  {"UNAUTHENTICATED", errc::authentication},
  {"unauthorized", errc::authentication, in_stream},
  {"UnrecognizedClientException", errc::authentication},
  {"InvalidSignatureException", errc::authentication},
  {"ExpiredTokenException", errc::authentication},
  {"MissingAuthenticationTokenException", errc::authentication},
  {"account_deactivated", errc::authentication},
  {"MiniMax 1004", errc::authentication}, // its numbers, see read_value
  {"MiniMax 2049", errc::authentication},

  {"permission_error", errc::permission},
  {"PERMISSION_DENIED", errc::permission},
  {"permission_denied_error", errc::permission},
  {"SERVICE_DISABLED", errc::permission},
  {"API_KEY_SERVICE_BLOCKED", errc::permission},
  {"unsupported_country_region_territory", errc::permission},
  {"AccessDeniedException", errc::permission},
  {"ip_not_authorized", errc::permission},

  // Money.
  {"insufficient_quota", errc::quota},
  {"credit_balance_exhausted", errc::quota},
  {"organization_spend_limit_exceeded", errc::quota},
  {"project_spend_limit_exceeded", errc::quota},
  {"organization_usage_limit_exceeded", errc::quota},
  {"enforced_spend_limit_reached", errc::quota},
  {"billing_hard_limit_reached", errc::quota},
  {"billing_not_active", errc::quota},
  {"billing_error", errc::quota},
  {"BILLING_DISABLED", errc::quota},
  {"payment_required", errc::quota},
  {"insufficient_balance", errc::quota},
  {"insufficient_credits", errc::quota},
  {"insufficient_funds", errc::quota},
  {"exceeded_current_quota_error", errc::quota},
  {"usage_limit_reached", errc::quota},
  {"budget_exceeded", errc::quota},
  {"quota_exceeded", errc::quota},
  {"QUOTA_EXHAUSTED", errc::quota},
  {"Arrearage", errc::quota},
  {"AllocationQuota.FreeTierOnly", errc::quota}, // Alibaba
  {"budget_limit_reached", errc::quota},         // GitHub Models
  {"MiniMax 1008", errc::quota},

  // Speed. Google's RESOURCE_EXHAUSTED is both; the status tells.
  {"RESOURCE_EXHAUSTED", errc::quota, 402},
  {"RESOURCE_EXHAUSTED", errc::rate_limit},
  {"rate_limit_error", errc::rate_limit},
  {"rate_limit_exceeded", errc::rate_limit},
  {"RateLimitReached", errc::rate_limit},
  {"rate_limit_reached_error", errc::rate_limit},
  {"rate_limit", errc::rate_limit},
  {"rate_limited", errc::rate_limit},
  {"model_rate_limit", errc::rate_limit},
  {"too_many_requests", errc::rate_limit},
  {"too_many_requests_error", errc::rate_limit},
  {"too_many_tokens_error", errc::rate_limit},
  {"token_quota_exceeded", errc::rate_limit},
  {"request_quota_exceeded", errc::rate_limit},
  {"tokens", errc::rate_limit},   // OpenAI's `type` of the limit that was hit
  {"requests", errc::rate_limit}, // ditto
  {"throttling_error", errc::rate_limit},
  {"ThrottlingException", errc::rate_limit},
  {"Throttling", errc::rate_limit},
  {"ServiceQuotaExceededException", errc::rate_limit},
  {"REQUEST_LIMIT_EXCEEDED", errc::rate_limit}, // Databricks
  {"MiniMax 1002", errc::rate_limit},
  {"MiniMax 1039", errc::rate_limit},
  {"MiniMax 1041", errc::rate_limit},
  {"slow_down", errc::overloaded, 503},
  {"slow_down", errc::rate_limit},

  // Capacity.
  {"overloaded_error", errc::overloaded},
  {"overloaded", errc::overloaded},
  {"engine_overloaded_error", errc::overloaded},
  {"engine_overloaded", errc::overloaded},
  {"server_is_overloaded", errc::overloaded},
  {"provider_overloaded", errc::overloaded},
  {"UNAVAILABLE", errc::overloaded},
  {"unavailable_error", errc::overloaded}, // llama.cpp
  {"service_unavailable", errc::overloaded},
  {"service_unavailable_error", errc::overloaded},
  {"ServiceUnavailableException", errc::overloaded},
  {"capacity_exceeded", errc::overloaded},
  {"MODEL_CAPACITY_EXHAUSTED", errc::overloaded},
  {"ModelNotReadyException", errc::overloaded},
  {"queue_exceeded", errc::overloaded},

  // Theirs. With a status, the status says it as well or better.
  {"api_error", errc::server_error, in_stream},
  {"server_error", errc::server_error, in_stream},
  {"internal_server_error", errc::server_error, in_stream},
  {"INTERNAL", errc::server_error, in_stream},
  {"UNKNOWN", errc::server_error, in_stream},
  {"InternalServerException", errc::server_error, in_stream},
  {"ModelErrorException", errc::server_error}, // 424: their model failed
  {"ModelStreamErrorException", errc::server_error},
  {"provider_unavailable", errc::server_error, in_stream},

  {"DEADLINE_EXCEEDED", errc::timeout},
  {"timeout_error", errc::timeout},
  {"MiniMax 1001", errc::timeout},
  {"timeout", errc::timeout},
  {"request_timeout", errc::timeout},
  {"ModelTimeoutException", errc::timeout},
  {"vector_store_timeout", errc::timeout},

  // The prompt and the model.
  {"context_length_exceeded", errc::context_exceeded},
  {"context_window_exceeded", errc::context_exceeded},
  {"context_exceeded", errc::context_exceeded}, // ds4
  {"exceed_context_size_error", errc::context_exceeded},
  {"model_max_prompt_tokens_exceeded", errc::context_exceeded},
  {"request_too_large", errc::context_exceeded},
  {"payload_too_large", errc::context_exceeded},
  {"tokens_limit_reached", errc::context_exceeded},
  {"too_many_prompt_tokens", errc::context_exceeded},
  {"TOO_MANY_TOKENS", errc::context_exceeded, 400},

  {"model_not_found", errc::model_not_found},
  {"model_not_available", errc::model_not_found},
  {"model_decommissioned", errc::model_not_found},
  {"unknown_model", errc::model_not_found},
  {"invalid_model", errc::model_not_found},
  {"model_not_supported", errc::model_not_found}, // GitHub Copilot
  {"DeploymentNotFound", errc::model_not_found},
  {"not_found_error", errc::model_not_found, 404},
  {"not_found_error", errc::model_not_found, in_stream},

  // A filter before the model.
  {"content_filter", errc::model_refusal},
  {"content_policy_violation", errc::model_refusal},
  {"image_content_policy_violation", errc::model_refusal},
  {"ResponsibleAIPolicyViolation", errc::model_refusal},
  {"moderation_blocked", errc::model_refusal},
  {"data_inspection_failed", errc::model_refusal},
  {"bio_policy", errc::model_refusal},
  {"cyber_policy", errc::model_refusal},
  {"refusal", errc::model_refusal},
  {"MiniMax 1026", errc::model_refusal},
  {"MiniMax 1027", errc::model_refusal},

  // The request. Here so that no phrase of a message that quotes the request
  // is looked for.
  {"invalid_value", errc::invalid_request},
  {"invalid_type", errc::invalid_request},
  {"unsupported_value", errc::invalid_request},
  {"unsupported_parameter", errc::invalid_request},
  {"unknown_parameter", errc::invalid_request},
  {"missing_required_parameter", errc::invalid_request},
  {"invalid_function_parameters", errc::invalid_request},
  {"invalid_image_url", errc::invalid_request},
  {"invalid_image_format", errc::invalid_request},
  {"invalid_image", errc::invalid_request},
  {"invalid_base64_image", errc::invalid_request},
  {"invalid_image_mode", errc::invalid_request},
  {"image_too_large", errc::invalid_request},
  {"image_too_small", errc::invalid_request},
  {"image_file_too_large", errc::invalid_request},
  {"image_file_not_found", errc::invalid_request},
  {"image_parse_error", errc::invalid_request},
  {"empty_image_file", errc::invalid_request},
  {"unsupported_image_media_type", errc::invalid_request},
  {"failed_to_download_image", errc::invalid_request},
  {"invalid_prompt", errc::invalid_request},
  {"data_residency_mismatch", errc::invalid_request},
  {"unsupported_file", errc::invalid_request},
  {"tool_use_failed", errc::invalid_request},
  {"json_validate_failed", errc::invalid_request},
  {"previous_response_not_found", errc::invalid_request},
  {"unknown_url", errc::invalid_request},
};

using ascii::lower;

constexpr bool ignored(char c) noexcept {
  return c == '_' || c == '-' || c == ' ' || c == '.';
}

/// Amazon writes "namespace#Code" and "Code:url".
std::string_view bare(std::string_view code) {
  if (const auto hash = code.rfind('#'); hash != code.npos)
    code.remove_prefix(hash + 1);
  return code.substr(0, code.find(':'));
}

} // namespace

bool same_code(std::string_view a, std::string_view b) noexcept {
  std::size_t i = 0;
  std::size_t j = 0;
  for (;;) {
    while (i < a.size() && ignored(a[i]))
      ++i;
    while (j < b.size() && ignored(b[j]))
      ++j;
    if (i == a.size() || j == b.size())
      return i == a.size() && j == b.size();
    if (lower(a[i++]) != lower(b[j++]))
      return false;
  }
}

std::optional<errc> class_of_code(std::string_view code, int status) noexcept {
  code = bare(code);
  for (const auto& row : code_rows) {
    const bool applies = row.only_with == any_status || row.only_with == status
                         || (row.only_with == in_stream && status == 0);
    if (applies && same_code(row.code, code))
      return row.what;
  }
  // Alibaba's "Throttling.RateQuota": what, and of what kind.
  const auto point = code.rfind('.');
  return point == code.npos || point == 0
           ? std::nullopt
           : class_of_code(code.substr(0, point), status);
}

} // namespace penstock
