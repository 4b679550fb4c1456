// Goal: the documented errors of every provider get the class they mean.
// Method: a table of (answer, class), in the shapes that providers send.
#define BOOST_TEST_MODULE error_classifier_providers
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/error_classifier.hpp"
#include "providers/utf8.hpp"

#include <random>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::string_literals;

namespace {

error answer(int status, std::string_view body, header_list headers = {}) {
  return classify_response("openai-chat", {status, std::move(headers)}, body,
                           {});
}

struct row {
  const char* why;
  int status;
  std::string_view body;
  errc want;
};

// clang-format off
const row table[] = {
  // OpenAI and what speaks like it.
  {"OpenAI's key", 401,
   R"({"error":{"message":"Incorrect API key provided: k.",)"
   R"("type":"invalid_request_error","param":null,"code":"invalid_api_key"}})",
   errc::authentication},
  {"OpenAI's quota", 429,
   R"({"error":{"message":"You exceeded your current quota, please check )"
   R"(your plan and billing details.","type":"insufficient_quota",)"
   R"("param":null,"code":"insufficient_quota"}})", errc::quota},
  {"OpenAI's quota, code only in type", 429,
   R"({"error":{"message":"x","type":"insufficient_quota","code":null}})",
   errc::quota},
  {"OpenAI's spend limit", 429,
   R"({"error":{"message":"x","type":"insufficient_quota",)"
   R"("code":"project_spend_limit_exceeded"}})", errc::quota},
  {"OpenAI's requests a minute", 429,
   R"({"error":{"message":"Rate limit reached for gpt-4o in organization )"
   R"(org-x on requests per min (RPM): Limit 3. You can increase your rate )"
   R"(limit by adding a payment method to your account at )"
   R"(https://platform.openai.com/account/billing.","type":"requests",)"
   R"("param":null,"code":null}})", errc::rate_limit},
  {"OpenAI's tokens a minute", 429,
   R"({"error":{"message":"Rate limit reached","type":"tokens",)"
   R"("code":"rate_limit_exceeded"}})", errc::rate_limit},
  {"OpenAI's slow_down as 429", 429,
   R"({"error":{"message":"x","type":"rate_limit_error","code":"slow_down"}})",
   errc::rate_limit},
  {"OpenAI's slow_down as 503", 503,
   R"({"error":{"message":"x","type":"service_unavailable_error",)"
   R"("code":"slow_down"}})", errc::overloaded},
  {"OpenAI's engine", 503,
   R"({"error":{"message":"The engine is currently overloaded, please try )"
   R"(again later","type":"server_error","param":null,"code":null}})",
   errc::overloaded},
  {"OpenAI's context", 400,
   R"({"error":{"message":"Your input exceeds the context window of this )"
   R"(model.","type":"invalid_request_error","param":"input",)"
   R"("code":"context_length_exceeded"}})", errc::context_exceeded},
  {"OpenAI's 500", 500,
   R"({"error":{"message":"The server had an error","type":"server_error",)"
   R"("param":null,"code":null}})", errc::server_error},
  {"OpenAI's country", 403,
   R"({"error":{"message":"Country not supported","type":"request_forbidden",)"
   R"("code":"unsupported_country_region_territory"}})", errc::permission},
  {"OpenAI's wrong path", 404,
   R"j({"error":{"message":"Invalid URL (POST /v1/chat/completion)",)j"
   R"j("type":"invalid_request_error","param":null,"code":null}})j",
   errc::invalid_request},
  {"OpenAI's wrong path below models", 404,
   R"j({"error":{"message":"Invalid URL (POST /v1/models/x)",)j"
   R"j("type":"invalid_request_error"}})j", errc::invalid_request},
  {"OpenAI's model of another endpoint", 404,
   R"({"error":{"message":"This is a chat model and not supported in the )"
   R"(v1/completions endpoint.","type":"invalid_request_error",)"
   R"("param":"model","code":null}})", errc::model_not_found},
  {"OpenAI's lost response", 404,
   R"({"error":{"message":"Previous response with id 'r' not found.",)"
   R"("type":"invalid_request_error","param":"previous_response_id",)"
   R"("code":"previous_response_not_found"}})", errc::invalid_request},
  {"OpenAI's lost item", 404,
   R"({"error":{"message":"Item with id 'rs_1' not found.",)"
   R"("type":"invalid_request_error","param":"input","code":null}})",
   errc::invalid_request},
  {"a code as a number", 401,
   R"({"error":{"message":"no","code":401}})", errc::authentication},
  {"a code as a text of digits", 429,
   R"({"error":{"message":"Requests have exceeded token rate limit of your )"
   R"(current OpenAI S0 pricing tier.","code":"429"}})", errc::rate_limit},
  {"error as a text", 400, R"({"error":"bad"})", errc::invalid_request},
  {"Perplexity's context", 400,
   R"({"error":{"message":"The total length of all messages is too long.",)"
   R"("type":"too_many_prompt_tokens","code":400}})", errc::context_exceeded},
  {"Ollama's context in the cloud", 400,
   R"({"error":{"message":"prompt too long; exceeded max context length by )"
   R"(9 tokens","type":"invalid_request_error","param":null,"code":null}})",
   errc::context_exceeded},
  {"Amazon's context", 400,
   R"({"message":"The model returned the following errors: Input Tokens )"
   R"(Exceeded: Number of input tokens exceeds maximum length."})",
   errc::context_exceeded},
  {"a name that is too long", 400,
   R"({"error":{"message":"metadata.user_id exceeds maximum length"}})",
   errc::invalid_request},
  {"a lost response as 400", 400,
   R"({"error":{"message":"Previous response with id 'r' not found.",)"
   R"("type":"invalid_request_error","param":"previous_response_id",)"
   R"("code":"previous_response_not_found"}})", errc::invalid_request},
  {"Azure's filter", 400,
   R"({"error":{"message":"The response was filtered","type":null,)"
   R"("param":"prompt","code":"content_filter","status":400,"innererror":{)"
   R"("code":"ResponsibleAIPolicyViolation"}}})", errc::model_refusal},
  {"Azure's deployment", 404,
   R"({"error":{"code":"DeploymentNotFound","message":"The API deployment )"
   R"(for this resource does not exist."}})", errc::model_not_found},
  {"Azure's resource", 404,
   R"({"error":{"code":"404","message":"Resource not found"}})",
   errc::invalid_request},
  {"Groq's 413 is about tokens a minute", 413,
   R"({"error":{"message":"Request too large for model `x` on tokens per )"
   R"(minute (TPM): Limit 6000","type":"tokens",)"
   R"("code":"rate_limit_exceeded"}})", errc::rate_limit},
  {"Groq's flex tier", 498,
   R"({"error":{"message":"x","type":"x","code":"capacity_exceeded"}})",
   errc::overloaded},
  {"Groq's wrong path", 404,
   R"({"error":{"message":"Unknown request URL: POST /openai/v1/models",)"
   R"("type":"invalid_request_error","code":"unknown_url"}})",
   errc::invalid_request},
  {"DeepSeek's balance", 402,
   R"({"error":{"message":"Insufficient Balance","type":"unknown_error",)"
   R"("param":null,"code":"invalid_request_error"}})", errc::quota},
  {"DeepSeek's model", 400,
   R"({"error":{"message":"Model Not Exist","type":"invalid_request_error",)"
   R"("param":null,"code":"invalid_request_error"}})", errc::model_not_found},
  {"DeepSeek's load", 503,
   R"({"error":{"message":"Service is too busy.",)"
   R"("type":"service_unavailable_error","code":"service_unavailable_error"}})",
   errc::overloaded},
  {"xAI's key", 400,
   R"({"code":"Client specified an invalid argument","error":"Incorrect API )"
   R"(key provided: xa***9. You can obtain an API key from )"
   R"(https://console.x.ai."})", errc::authentication},
  {"xAI's credits", 429,
   R"({"code":"Some resource has been exhausted","error":"Your team has )"
   R"(either used all available credits or reached its monthly spending )"
   R"(limit."})", errc::quota},
  {"xAI's model", 404,
   R"({"code":"Some requested entity was not found","error":"The model )"
   R"(grok-9 does not exist or your team does not have access to it."})",
   errc::model_not_found},
  {"xAI's context", 400,
   R"({"code":"Client specified an invalid argument","error":"This model's )"
   R"(maximum prompt length is 131072 but the request contains 537812 )"
   R"(tokens."})", errc::context_exceeded},
  {"Mistral's model", 400,
   R"({"object":"error","message":"Invalid model: foo",)"
   R"("type":"invalid_model","param":null,"code":"1500"})",
   errc::model_not_found},
  {"Mistral's context", 400,
   R"({"object":"error","message":"Prompt contains 40000 tokens and 0 draft )"
   R"(tokens, too large for model with 32768 maximum context length",)"
   R"("type":"invalid_request_prompt","param":null,"code":"3051"})",
   errc::context_exceeded},
  {"Mistral's tier", 429,
   R"({"object":"error","message":"Service tier capacity exceeded for this )"
   R"(model.","type":"service_tier_capacity_exceeded","param":null,)"
   R"("code":"3505"})", errc::rate_limit},
  {"Mistral's key", 401, R"({"detail":"Unauthorized"})", errc::authentication},
  {"Mistral's validation", 422,
   R"({"object":"error","message":{"detail":[{"type":"missing","loc":["body",)"
   R"("model"],"msg":"Field required"}]},"type":"invalid_request_error"})",
   errc::invalid_request},
  {"FastAPI's path", 404, R"({"detail":"Not Found"})", errc::invalid_request},
  {"FastAPI's list", 422,
   R"({"detail":[{"loc":["body",0,"x"],"msg":"bad","type":"t"}]})",
   errc::invalid_request},
  {"Together's model", 404,
   R"({"id":"x","error":{"message":"Unable to access model x.",)"
   R"("type":"invalid_request_error","param":null,)"
   R"("code":"model_not_available"}})", errc::model_not_found},
  {"Fireworks' model", 404,
   R"({"error":{"message":"Model not found, inaccessible, and/or not )"
   R"(deployed","code":"NOT_FOUND","type":"error"}})", errc::model_not_found},
  {"Cerebras' quota is a rate", 429,
   R"({"message":"Tokens per minute limit exceeded - too many tokens )"
   R"(processed.","type":"too_many_tokens_error","param":"quota",)"
   R"("code":"token_quota_exceeded"})", errc::rate_limit},
  {"Moonshot's quota", 429,
   R"({"error":{"message":"x","type":"exceeded_current_quota_error"}})",
   errc::quota},
  {"Moonshot's load", 429,
   R"({"error":{"message":"x","type":"engine_overloaded_error"}})",
   errc::overloaded},
  {"Moonshot's context", 400,
   R"({"error":{"message":"Invalid request: Your request exceeded model )"
   R"(token limit: 8192",)"
   R"("type":"invalid_request_error"}})", errc::context_exceeded},
  {"vLLM's context", 400,
   R"({"object":"error","message":"The decoder prompt (length 9000) is )"
   R"(longer than the maximum model length of 4096.","code":400})",
   errc::context_exceeded},
  {"SGLang's context", 400,
   R"({"object":"error","message":"The input (9000 tokens) is longer than )"
   R"(the model's context length (4096 tokens).","code":400})",
   errc::context_exceeded},
  {"Groq's load", 503,
   R"({"error":{"message":"x is currently over capacity.",)"
   R"("type":"internal_server_error"}})", errc::overloaded},
  {"LM Studio's context", 400,
   R"({"error":"Trying to keep the first 9000 tokens when context the )"
   R"(overflows. However, the model is loaded with context length of only )"
   R"(4096 tokens, which is not enough."})", errc::context_exceeded},
  {"Alibaba's context", 400,
   R"({"error":{"message":"Range of input length should be [1, 30720]",)"
   R"("code":"invalid_parameter_error"}})", errc::context_exceeded},
  {"Z.AI's context", 400,
   R"({"error":{"code":"1261","message":"Prompt exceeds max length"}})",
   errc::context_exceeded},
  {"Copilot's model", 400,
   R"({"error":{"message":"The requested model is not supported.",)"
   R"("code":"model_not_supported","param":"model"}})", errc::model_not_found},
  {"OpenAI's model that is no name", 400,
   R"({"error":{"message":"invalid model ID",)"
   R"("type":"invalid_request_error"}})", errc::model_not_found},
  {"llama.cpp's context", 400,
   R"({"error":{"code":400,"message":"the request exceeds the available )"
   R"(context size","type":"exceed_context_size_error","n_ctx":4096}})",
   errc::context_exceeded},
  {"vLLM's model", 404,
   R"({"object":"error","message":"The model `x` does not exist.",)"
   R"("type":"NotFoundError","param":null,"code":404})", errc::model_not_found},
  {"OpenRouter's credits", 402,
   R"({"error":{"message":"This request requires more credits","code":402}})",
   errc::quota},
  {"OpenRouter's upstream limit", 429,
   R"({"error":{"message":"Provider returned error","code":429,"metadata":{)"
   R"("raw":"x is temporarily rate-limited upstream","provider_name":"B"}}})",
   errc::rate_limit},
  {"OpenRouter's upstream context", 400,
   R"({"error":{"message":"Provider returned error","code":400,"metadata":{)"
   R"("raw":"{\"error\":{\"message\":\"prompt is too long: 3 tokens > 2 )"
   R"(maximum\",\"type\":\"invalid_request_error\"}}"}}})",
   errc::context_exceeded},
  {"OpenRouter's upstream code", 400,
   R"({"error":{"message":"Provider returned error","code":400,"metadata":{)"
   R"("raw":"{\"error\":{\"code\":\"context_length_exceeded\",)"
   R"(\"message\":\"x\"}}"}}})", errc::context_exceeded},
  {"OpenRouter's own type", 400,
   R"({"error":{"message":"x","code":400,"metadata":{)"
   R"("error_type":"context_length_exceeded"}}})", errc::context_exceeded},
  {"OpenRouter's model", 404,
   R"({"error":{"message":"No endpoints found for foo/bar.","code":404}})",
   errc::model_not_found},
  {"OpenRouter's model name", 400,
   R"({"error":{"message":"foo is not a valid model ID","code":400}})",
   errc::model_not_found},
  {"OpenRouter's routing", 503,
   R"({"error":{"message":"There is no available model provider that meets )"
   R"(your routing requirements","code":503}})", errc::server_error},
  {"a gateway that hides a 429", 502,
   R"({"error":{"message":"x","code":429}})", errc::rate_limit},

  // Anthropic.
  {"Anthropic's model", 404,
   R"({"type":"error","error":{"type":"not_found_error","message":"model: )"
   R"(claude-x"}})", errc::model_not_found},
  {"Anthropic's path", 404,
   R"({"type":"error","error":{"type":"not_found_error","message":"Not )"
   R"(Found"}})", errc::model_not_found},
  {"Anthropic's credit", 400,
   R"({"type":"error","error":{"type":"invalid_request_error",)"
   R"("message":"Your credit balance is too low to access the Anthropic API. )"
   R"(Please go to Plans & Billing."}})", errc::quota},
  {"Anthropic's own limit", 400,
   R"({"type":"error","error":{"type":"invalid_request_error","message":"You )"
   R"(have reached your specified API usage limits. You will regain access )"
   R"(on 2027-01-01."}})", errc::quota},
  {"Anthropic's tier limit", 429,
   R"({"type":"error","error":{"type":"rate_limit_error","message":"x",)"
   R"("details":{"error_code":"enforced_spend_limit_reached"}}})", errc::quota},
  {"Anthropic's billing", 402,
   R"({"type":"error","error":{"type":"billing_error","message":"x"}})",
   errc::quota},
  {"Anthropic's rate", 429,
   R"({"type":"error","error":{"type":"rate_limit_error","message":"This )"
   R"(request would exceed your organization's rate limit"}})",
   errc::rate_limit},
  {"Anthropic's context", 400,
   R"({"type":"error","error":{"type":"invalid_request_error",)"
   R"("message":"input length and `max_tokens` exceed context limit: 188240 )"
   R"(+ 21333 > 200000"}})", errc::context_exceeded},
  {"Anthropic's size", 413,
   R"({"type":"error","error":{"type":"request_too_large","message":"Request )"
   R"(exceeds the maximum size"}})", errc::context_exceeded},
  {"Anthropic's load", 529,
   R"({"type":"error","error":{"type":"overloaded_error",)"
   R"("message":"Overloaded"}})", errc::overloaded},
  {"Anthropic's load with 500", 500,
   R"({"type":"error","error":{"type":"overloaded_error",)"
   R"("message":"Overloaded"}})", errc::overloaded},
  {"Anthropic's timeout", 504,
   R"({"type":"error","error":{"type":"timeout_error","message":"x"}})",
   errc::timeout},
  {"Anthropic's permission", 403,
   R"({"type":"error","error":{"type":"permission_error","message":"x"}})",
   errc::permission},
  {"Bedrock's throttle", 429,
   R"({"message":"Too many tokens, please wait before trying again."})",
   errc::rate_limit},
  {"Bedrock's type", 400,
   R"({"__type":"com.amazon.coral.service#ThrottlingException","message":"x"})",
   errc::rate_limit},
  {"Bedrock's model", 400,
   R"({"message":"The provided model identifier is invalid."})",
   errc::model_not_found},
  {"Bedrock's context", 400,
   R"({"message":"Input is too long for requested model."})",
   errc::context_exceeded},

  // Gemini.
  {"Gemini's rate, though it speaks of billing", 429,
   R"({"error":{"code":429,"message":"You exceeded your current quota, )"
   R"(please check your plan and billing details.",)"
   R"("status":"RESOURCE_EXHAUSTED"}})", errc::rate_limit},
  {"Gemini's money", 402,
   R"({"error":{"code":402,"message":"x","status":"RESOURCE_EXHAUSTED"}})",
   errc::quota},
  {"Gemini as an array", 429,
   R"([{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}])",
   errc::rate_limit},
  {"Gemini's load", 503,
   R"({"error":{"code":503,"message":"The model is overloaded.",)"
   R"("status":"UNAVAILABLE"}})", errc::overloaded},
  {"Gemini's fault", 500,
   R"({"error":{"code":500,"message":"x","status":"INTERNAL"}})",
   errc::server_error},
  {"Gemini's deadline", 504,
   R"({"error":{"code":504,"message":"x","status":"DEADLINE_EXCEEDED"}})",
   errc::timeout},
  {"Gemini's permission", 403,
   R"({"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}})",
   errc::permission},
  {"Gemini's token", 401,
   R"({"error":{"code":401,"message":"x","status":"UNAUTHENTICATED"}})",
   errc::authentication},
  {"Gemini's account without billing", 403,
   R"({"error":{"code":403,"message":"x","status":"PERMISSION_DENIED",)"
   R"("details":[{"reason":"BILLING_DISABLED"}]}})", errc::quota},
  {"Gemini's lost file", 404,
   R"({"error":{"code":404,"message":"File abc not found",)"
   R"("status":"NOT_FOUND"}})", errc::invalid_request},

  // Ollama.
  {"Ollama's model", 404,
   R"({"error":"model \"llama9\" not found, try pulling it first"})",
   errc::model_not_found},
  {"Ollama's model, compatible", 404,
   R"({"error":{"message":"model 'x' not found","type":"api_error",)"
   R"("param":null,"code":null}})", errc::model_not_found},
  {"Ollama's tools", 400,
   R"({"error":"llama2 does not support tools"})", errc::invalid_request},
  {"Ollama's queue", 503,
   R"({"error":"server busy, please try again.  maximum pending requests )"
   R"(exceeded"})", errc::overloaded},
  {"Ollama's memory", 500,
   R"({"error":"model requires more system memory than is available"})",
   errc::server_error},
  {"Ollama's path", 404, "404 page not found", errc::invalid_request},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(each_answer_has_its_class) {
  for (const auto& [why, status, body, want] : table) {
    BOOST_TEST_CONTEXT(why << ": " << status << " " << body) {
      BOOST_TEST(to_string(answer(status, body).code) == to_string(want));
    }
  }
}
