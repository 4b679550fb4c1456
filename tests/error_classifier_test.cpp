// Goal: a failure gets its class from structure, never from free text alone.
// Method: a table of (answer, class): every status, the known traps, bodies
// that are no JSON, errors inside a stream.
#define BOOST_TEST_MODULE error_classifier
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
  int status; ///< 0: inside a stream.
  std::string_view body;
  errc want;
};

// clang-format off
const row table[] = {
  // Seldom heard.
  {"Alibaba's free tier", 403, R"({"code":"AllocationQuota.FreeTierOnly","message":"m"})", errc::quota},
  {"Alibaba's limits, in a stream", 0, R"({"error":{"code":"Throttling.RateQuota","message":"m"}})", errc::rate_limit},
  {"ditto, of tokens", 0, R"({"code":"Throttling.AllocationQuota","message":"m"})", errc::rate_limit},
  {"ditto, of bursts, with its status", 429, R"({"code":"Throttling.BurstRate","message":"m"})", errc::rate_limit},
  {"a point, and nothing known before it", 400, R"({"code":"New.rate","message":"m"})", errc::invalid_request},
  {"GitHub's budget", 403, R"({"error":{"code":"budget_limit_reached","message":"m"}})", errc::quota},
  {"Amazon's quota", 400, R"({"__type":"ServiceQuotaExceededException","message":"m"})", errc::rate_limit},
  {"Databricks' limit", 0, R"({"error":{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"m"}})", errc::rate_limit},
  {"llama.cpp loads", 503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})", errc::overloaded},
  {"TGI's validation", 0, R"({"error":"Input validation error: m","error_type":"validation"})", errc::invalid_request},
  {"Vertex AI's count", 400, R"({"error":{"code":400,"message":"Unable to submit request because the input token count is 9 but model only supports up to 8. Reduce the input token count and try again.","status":"INVALID_ARGUMENT"}})", errc::context_exceeded},
  {"Z.ai's prompt", 400, R"({"error":{"code":"1261","message":"Prompt 超长"}})", errc::context_exceeded},
  {"Z.ai's balance", 429, R"({"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}})", errc::quota},
  {"Z.ai's model", 400, R"({"error":{"code":"1211","message":"模型不存在，请检查模型代码。"}})", errc::model_not_found},
  {"GLM's prompt", 400, R"({"error":{"message":"Input length 877338 exceeds the maximum allowed input length of 639968 tokens","code":"400"}})", errc::context_exceeded},
  {"ditto, in other words", 400, R"({"error":{"message":"tokens in request more than max tokens allowed","code":"1210"}})", errc::context_exceeded},
  {"TGI's prompt, handed on", 400, R"({"error":{"message":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193."}})", errc::context_exceeded},
  {"Atlas' prompt", 400, R"({"error":{"message":"Prompt too long: 5152 tokens exceeds max_seq_len 2048"}})", errc::context_exceeded},
  {"ds4's prompt", 500, R"({"error":{"message":"m","type":"context_exceeded"}})", errc::context_exceeded},
  {"vLLM's prompt", 400, R"({"error":{"message":"You passed 9 input tokens and requested 1 output tokens. However, the model's context length is only 8 tokens, resulting in a maximum input length of 7 tokens. Please reduce the length of the input prompt."}})", errc::context_exceeded},
  {"TensorRT-LLM's prompt", 400, R"({"message":"Prompt length (9) exceeds maximum input length (8)."})", errc::context_exceeded},
  {"ditto, with the answer", 400, R"({"message":"The sum of prompt length (9.0) and max_tokens (1) should not exceed max_num_tokens (8)."})", errc::context_exceeded},
  {"LMDeploy's prompt", 400, R"({"message":"input token length 9 exceeds session_len 8"})", errc::context_exceeded},
  {"SiliconFlow's prompt", 400, R"({"code":20015,"message":"length of prompt_tokens (9) must be less than max_seq_len (8).","data":null})", errc::context_exceeded},
  {"Volcengine's prompt", 400, R"({"error":{"code":"InvalidParameter","message":"Total tokens of image and text exceed max message tokens."}})", errc::context_exceeded},
  {"Copilot's prompt", 400, R"({"error":{"message":"prompt token count of 9 exceeds the limit of 8"}})", errc::context_exceeded},
  {"a gateway's prompt", 400, R"({"message":"Prompt has 9 tokens which exceeds the model's context window of 8"})", errc::context_exceeded},
  {"ditto", 400, R"({"message":"Your request exceeds the model context window of 8 tokens"})", errc::context_exceeded},
  {"Titan's prompt", 400, R"({"message":"Too many input tokens. Max input tokens: 8, request input token count: 9"})", errc::context_exceeded},
  {"Cohere's prompt at Amazon", 400, R"({"message":"too many tokens: total number of tokens in the prompt cannot exceed 8 - received 9."})", errc::context_exceeded},
  {"OpenRouter's route", 404, R"({"error":{"message":"No endpoints found that support tool use.","code":404}})", errc::model_not_found},
  // The status alone.
  {"400", 400, "", errc::invalid_request},
  {"401", 401, "", errc::authentication},
  {"402", 402, "", errc::quota},
  {"403", 403, "", errc::permission},
  {"404", 404, "", errc::invalid_request},
  {"405", 405, "", errc::invalid_request},
  {"408", 408, "", errc::timeout},
  {"409", 409, "", errc::invalid_request},
  {"413", 413, "", errc::context_exceeded},
  {"422", 422, "", errc::invalid_request},
  {"429", 429, "", errc::rate_limit},
  {"499", 499, "", errc::invalid_request},
  {"500", 500, "", errc::server_error},
  {"502", 502, "", errc::server_error},
  {"503", 503, "", errc::server_error},
  {"504", 504, "", errc::server_error},
  {"520", 520, "", errc::server_error},
  {"529", 529, "", errc::overloaded},
  {"599", 599, "", errc::server_error},
  {"redirect", 301, "", errc::protocol},
  {"200 with HTML", 200, "<html><title>Login</title></html>", errc::protocol},
  {"200 with nothing", 200, "", errc::protocol},
  {"200 with other JSON", 200, R"({"id":"x","choices":[]})", errc::protocol},

  // Traps: text is not structure.
  {"aborted by others", 500,
   R"({"error":{"message":"connection aborted by peer"}})", errc::server_error},
  {"aborted in gRPC", 409,
   R"({"error":{"code":409,"message":"The operation was aborted.",)"
   R"("status":"ABORTED"}})", errc::invalid_request},
  {"a parser's words", 400,
   R"({"error":{"message":"Unexpected token } in JSON at position 5"}})",
   errc::invalid_request},
  {"a quota a minute", 429,
   R"({"error":{"message":"You have exceeded the per-minute quota limit"}})",
   errc::rate_limit},
  {"a quota a minute, with advice", 429,
   R"({"error":{"message":"per-minute quota limit reached; upgrade your )"
   R"(billing plan"}})", errc::rate_limit},
  {"billing in a 429", 429,
   R"({"error":{"message":"Please review your billing settings"}})",
   errc::quota},
  {"a billing URL in a 429", 429,
   R"({"error":{"message":"Too many. See https://x.test/account/billing"}})",
   errc::rate_limit},
  {"credit balance in a 413", 413, "your credit balance is too low",
   errc::quota},
  {"credit balance in a 500", 500,
   R"({"error":{"message":"credit balance service down"}})",
   errc::server_error},
  {"context in a 500", 500,
   R"({"error":{"message":"maximum context length"}})", errc::server_error},
  {"context in a 401", 401,
   R"({"error":{"message":"prompt is too long"}})", errc::authentication},
  {"context in a 403", 403,
   R"({"error":{"message":"prompt is too long"}})", errc::permission},
  {"context in a 422", 422,
   R"({"error":{"message":"maximum context length"}})", errc::invalid_request},
  {"overloaded in a 400", 400,
   R"({"error":{"message":"operator overloaded"}})", errc::invalid_request},
  {"rate limit in a 400", 400,
   R"({"error":{"message":"rate limit must be positive"}})",
   errc::invalid_request},
  {"model_not_found at any status", 403,
   R"({"error":{"message":"Project has no access to model",)"
   R"("code":"model_not_found"}})", errc::model_not_found},
  {"a model that cannot", 400,
   R"({"error":{"message":"This model does not support tools"}})",
   errc::invalid_request},
  {"a model's tool", 400,
   R"({"error":{"message":"the tool that the model called does not exist"}})",
   errc::invalid_request},
  {"a settled code with a phrase", 400,
   R"({"error":{"message":"messages[0]: 'the prompt is too long'",)"
   R"("code":"invalid_value"}})", errc::invalid_request},
  {"phrases in another case", 400,
   R"({"error":{"message":"PROMPT IS TOO LONG"}})", errc::context_exceeded},
  {"a phrase in plain text", 400, "prompt is too long", errc::context_exceeded},
  {"a code in another spelling", 400,
   R"({"error":{"code":"RateLimitExceeded","message":"x"}})", errc::rate_limit},
  {"a code that begins as another", 400,
   R"({"error":{"code":"rate_limit_exceeded_never","message":"x"}})",
   errc::invalid_request},

  // Bodies that are none.
  {"HTML", 502, "<html><head><title>502 Bad Gateway</title></head></html>",
   errc::server_error},
  {"HTML about models", 404,
   "<!DOCTYPE html><title>Not found</title>See our models",
   errc::invalid_request},
  {"cut JSON", 400,
   R"({"error":{"type":"invalid_request_error","message":"prompt is too lo)",
   errc::invalid_request},
  {"cut JSON after the message", 400,
   R"({"error":{"message":"prompt is too long: 5","ty)",
   errc::context_exceeded},
  {"cut JSON after the code", 429,
   R"({"error":{"code":"insufficient_quota","message":"You exc)", errc::quota},
  {"JSON that lacks only its last bracket", 429,
   R"({"error":{"code":"insufficient_quota"})", errc::quota},
  {"gzip", 500, {"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10},
   errc::server_error},
  {"invalid UTF-8", 429,
   "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"\xff\xfe\"}}",
   errc::quota},

  // Inside a stream.
  {"Anthropic's event", 0,
   R"({"type":"error","error":{"type":"overloaded_error",)"
   R"("message":"Overloaded"}})", errc::overloaded},
  {"Anthropic's fault", 0,
   R"({"type":"error","error":{"type":"api_error","message":"Internal"}})",
   errc::server_error},
  {"Anthropic's event about a model", 0,
   R"({"type":"error","error":{"type":"not_found_error","message":"x"}})",
   errc::model_not_found},
  {"OpenAI's data line", 0,
   R"({"error":{"message":"x","type":"server_error","code":null}})",
   errc::server_error},
  {"a code that is a status", 0,
   R"({"error":{"code":429,"message":"x"}})", errc::rate_limit},
  {"OpenRouter's chunk", 0,
   R"({"id":"g","choices":[{"delta":{},"finish_reason":"error"}],"error":{)"
   R"("code":502,"message":"x"}})", errc::server_error},
  {"an error in a choice", 0,
   R"({"choices":[{"error":{"code":503,"message":"overloaded"}}]})",
   errc::overloaded},
  {"Responses' error", 0,
   R"({"type":"error","sequence_number":2,"code":"insufficient_quota",)"
   R"("message":"x","param":null})", errc::quota},
  {"Responses' nested error", 0,
   R"({"type":"error","error":{"type":"tokens","code":"rate_limit_exceeded",)"
   R"("message":"x"}})", errc::rate_limit},
  {"Responses' failure", 0,
   R"({"type":"response.failed","response":{"status":"failed","error":{)"
   R"("code":"server_error","message":"x"}}})", errc::server_error},
  {"Responses' unknown code", 0,
   R"({"type":"error","error":{"code":"unknown-error","message":"Foobar"}})",
   errc::server_error},
  {"Gemini's body in the middle", 0,
   R"([{"error":{"code":503,"message":"x","status":"UNAVAILABLE"}}])",
   errc::overloaded},
  {"Ollama's line", 0,
   R"({"error":"an error was encountered while running the model: unexpected )"
   R"(EOF"})", errc::server_error},
  {"a bare error object", 0,
   R"({"type":"overloaded_error","message":"Overloaded"})", errc::overloaded},
  {"a phrase in a stream", 0,
   R"({"error":{"message":"This model's maximum context length is 5"}})",
   errc::context_exceeded},
  {"an error that blames the request", 0,
   R"({"error":{"type":"invalid_request_error","message":"x"}})",
   errc::invalid_request},
  {"aborted in a stream", 0,
   R"({"error":{"message":"request aborted"}})", errc::server_error},
  {"an empty error", 0, R"({"error":{}})", errc::server_error},
  {"no error", 0, R"({"error":null,"choices":[]})", errc::protocol},
  {"a chunk of Ollama", 0,
   R"({"message":{"role":"assistant","content":"x"},"done":false})",
   errc::protocol},
  {"not JSON", 0, "upstream connect error", errc::protocol},
  {"half of an object", 0, R"({"choices":[{"delta":{"con)", errc::protocol},
  {"nothing", 0, "", errc::protocol},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(each_answer_has_its_class) {
  for (const auto& [why, status, body, want] : table) {
    BOOST_TEST_CONTEXT(why << ": " << status << " " << body) {
      const auto got = status == 0 ? classify_in_stream("openai-chat", body)
                                   : answer(status, body);
      BOOST_TEST(to_string(got.code) == to_string(want));
      BOOST_TEST(!got.message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(amazons_header_says_what_the_body_does_not) {
  const struct {
    int status;
    const char* type;
    errc want;
  } rows[] = {
    {403, "ExpiredTokenException:http://internal.amazon.com/x",
     errc::authentication},
    {403, "UnrecognizedClientException", errc::authentication},
    {403, "AccessDeniedException", errc::permission},
    {424, "ModelErrorException", errc::server_error},
    {429, "ThrottlingException", errc::rate_limit},
    {503, "ServiceUnavailableException", errc::overloaded},
    {400, "ValidationException", errc::invalid_request},
    {403, "Something", errc::permission},
  };
  for (const auto& [status, type, want] : rows) {
    const auto got =
      answer(status, R"({"message":"m"})", {{"x-amzn-errortype", type}});
    BOOST_TEST(to_string(got.code) == to_string(want), type);
  }
}

BOOST_AUTO_TEST_CASE(a_body_may_be_framed_as_an_event_stream) {
  const std::string_view error =
    R"({"code":"Arrearage","message":"M","request_id":"r"})";
  for (const auto* before :
       {"data:", "id:1\nevent:error\n:HTTP_STATUS/400\ndata:",
        "event: error\r\ndata: ", "\n\nretry: 5\n\ndata: "}) {
    const auto why = answer(400, before + std::string{error} + "\n\n");
    BOOST_TEST_INFO_SCOPE(before);
    BOOST_TEST(to_string(why.code) == "quota");
    BOOST_TEST(why.message == "M");
  }
  // Text that only looks like it is shown as it is.
  for (const std::string_view text :
       {"id: 7 is unknown", "no field\ndata: x", "event: x"})
    BOOST_TEST(answer(400, text).message.starts_with(text.substr(0, 8)));
  BOOST_TEST(answer(500, "data:\n\n").message
             == "the provider answered with HTTP status 500 and nothing "
                "readable");
}

BOOST_AUTO_TEST_CASE(the_numbers_of_minimax_have_their_class) {
  const struct {
    int code;
    std::string_view message;
    std::string_view want;
  } rows[] = {
    {1000, "unknown error", "server_error"},
    {1001, "timeout", "timeout"},
    {1002, "rate limit", "rate_limit"},
    {1004, "login fail", "authentication"},
    {1008, "insufficient balance", "quota"},
    {1027, "output new_sensitive", "model_refusal"},
    {1039, "token limit", "rate_limit"},
    {2013, "invalid params", "invalid_request"},
    {2013, "invalid params, context window exceeds limit", "context_exceeded"},
  };
  for (const auto& [code, message, want] : rows) {
    const auto body = R"({"choices":null,"base_resp":{"status_code":)"
                      + std::to_string(code) + R"(,"status_msg":")"
                      + std::string{message} + R"("}})";
    BOOST_TEST_INFO_SCOPE(body);
    BOOST_TEST(to_string(answer(200, body).code) == want);
    const auto why = classify_in_stream("openai-chat", body);
    BOOST_TEST(to_string(why.code) == want);
    BOOST_TEST(why.message == message);
  }
  BOOST_TEST(to_string(answer(200, R"({"base_resp":{"status_code":0}})").code)
             == "protocol");
}

BOOST_AUTO_TEST_CASE(a_body_in_a_200_is_classified_as_in_a_stream) {
  for (const auto& [why, status, body, want] : table) {
    if (status != 0)
      continue;
    BOOST_TEST_CONTEXT(why) {
      BOOST_TEST(to_string(answer(200, body).code) == to_string(want));
    }
  }
}
