// Goal: recorded error answers get the class that a person gives them.
// Method: a table of (recording, class), decided by hand; the recordings are
// read from PENSTOCK_CORPUS. Without them the test is skipped, loudly.
#define BOOST_TEST_MODULE error_classifier_corpus
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/error_classifier.hpp"
#include "providers/json.hpp"
#include "tests/support/skipping.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

using namespace penstock;

namespace {

struct row {
  std::string_view key; ///< File name of the source and number in it.
  errc want;
};

// clang-format off
const row table[] = {
  {"chat_real_error_scenarios_vertexai_gemini-2_5-flash_handles_"
   "context_length_exceeded_errors.yml#1",
   errc::context_exceeded},
  {"test_anthropic_explicit_effort_xhigh_unsupported_model_error"
   "s.yaml#0",
   errc::invalid_request},
  {"chat_real_error_scenarios_anthropic_claude-haiku-4-5_handles"
   "_context_length_exceeded_errors.yml#0",
   errc::context_exceeded},
  {"anthropic_completion_error.yaml#0",
   errc::invalid_request},
  {"anthropic_completion_invalid_api_key.yaml#0",
   errc::authentication},
  {"chat_real_error_scenarios_cohere_command-a-03-2025_handles_c"
   "ontext_length_exceeded_errors.yml#0",
   errc::context_exceeded},
  {"chat_error_handling_with_cohere_command-a-03-2025_raises_app"
   "ropriate_auth_error.yml#0",
   errc::authentication},
  {"TestCohere.test_embed_error.yaml#0",
   errc::model_not_found},
  {"test_agent_with_multiple_tools.yaml#5",
   errc::model_not_found},
  {"test_agent_with_multiple_tools.yaml#6",
   errc::model_not_found},
  {"test_deepseek_responses_rejects_interleaved_function_calls.y"
   "aml#0",
   errc::invalid_request},
  {"chat_real_error_scenarios_deepseek_deepseek-chat_handles_con"
   "text_length_exceeded_errors.yml#0",
   errc::context_exceeded},
  {"chat_error_handling_with_deepseek_deepseek-chat_raises_appro"
   "priate_auth_error.yml#0",
   errc::authentication},
  {"test_tool_use_failed_error.yaml#0",
   errc::invalid_request},
  {"test_tool_use_failed_error_with_text.yaml#0",
   errc::invalid_request},
  {"test_model_name_suggestion[groq].yaml#0",
   errc::model_not_found},
  {"test_inferred_model_name_suggestion.yaml#0",
   errc::model_not_found},
  {"test_multimodal_tool_return_matrix[direct-binary-audio-opena"
   "i_chat].yaml#1",
   errc::invalid_request},
  {"test_multimodal_tool_return_matrix[direct-url-audio-openai_r"
   "esponses].yaml#1",
   errc::invalid_request},
  {"test_multimodal_tool_return_matrix[direct-url_force_download"
   "-audio-openai_responses].yaml#2",
   errc::invalid_request},
  {"test_openai_o1_mini_system_role[developer].yaml#0",
   errc::invalid_request},
  {"test_openai_o1_mini_system_role[system].yaml#0",
   errc::invalid_request},
  {"test_openai_web_search_tool_model_not_supported.yaml#0",
   errc::invalid_request},
  {"test_openai_responses_thinking_with_modified_history.yaml#1",
   errc::invalid_request},
  {"image_edit_functionality_with_remote_urls_rejects_edits_with"
   "_a_url_having_invalid_content_type.yml#0",
   errc::invalid_request},
  {"test_vision.yaml#2",
   errc::invalid_request},
  {"test_vision_base64.yaml#3",
   errc::invalid_request},
  {"TestInputValueImageHiding.test_input_value_hides_regular_url"
   "_images.yaml#0",
   errc::invalid_request},
  {"chat_error_handling_with_openai_gpt-5-nano_raises_appropriat"
   "e_auth_error.yml#0",
   errc::authentication},
  {"llama_index_chat_error.yaml#0",
   errc::authentication},
  {"completion_stream_wrong_api_key.yaml#0",
   errc::authentication},
  {"test_model_name_suggestion[openai-chat].yaml#0",
   errc::model_not_found},
  {"test_async_chat_completion_404.yaml#0",
   errc::model_not_found},
  {"chat_error_handling_with_perplexity_sonar_raises_appropriate"
   "_auth_error.yml#0",
   errc::authentication},
  {"test_anthropic_bedrock_count_tokens_rejects_server_tools.yam"
   "l#0",
   errc::invalid_request},
  {"test_multimodal_tool_return_matrix[direct-binary-video-bedro"
   "ck_claude].yaml#1",
   errc::invalid_request},
  {"test_multimodal_tool_return_matrix[direct-uploaded_file-imag"
   "e-bedrock_claude].yaml#1",
   errc::invalid_request},
  {"test_anthropic_images.yaml#1",
   errc::invalid_request},
  {"bedrock_converse_error.yaml#0",
   errc::permission},
  {"chat_error_handling_with_gemini_gemini-2_5-flash_raises_appr"
   "opriate_auth_error.yml#0",
   errc::authentication},
  {"TestGoogle.test_count_tokens_error.yaml#0",
   errc::model_not_found},
  {"test_model_name_suggestion[google].yaml#0",
   errc::model_not_found},
  {"chat_real_error_scenarios_openrouter_claude-haiku-4-5_handle"
   "s_context_length_exceeded_errors.yml#0",
   errc::context_exceeded},
  {"chat_error_handling_with_openrouter_claude-haiku-4-5_raises_"
   "appropriate_auth_error.yml#0",
   errc::authentication},
  {"test_azure_openai_embeddings.yaml#2",
   errc::authentication},
  {"test_generate_content_missing_model.yaml#0",
   errc::model_not_found},
};
// clang-format on

std::string_view api_of(std::string_view host) {
  if (host == "api.anthropic.com")
    return "anthropic-messages";
  if (host.ends_with("googleapis.com"))
    return "google-gemini";
  return "openai-chat";
}

json read_corpus() {
  const char* folder = std::getenv("PENSTOCK_CORPUS");
  const auto path = std::string{folder ? folder : "../shared/corpus"}
                    + "/http-errors/errors.json";
  std::ifstream file{path};
  if (!file)
    testing::skip_case("no " + path
                       + "; set PENSTOCK_CORPUS to the folder of the "
                         "recordings");
  std::ostringstream text;
  text << file.rdbuf();
  auto corpus = parse_json(text.str());
  BOOST_REQUIRE_MESSAGE(corpus, path << " is not JSON");
  BOOST_REQUIRE(corpus->is_array());
  return std::move(*corpus);
}

std::string key_of(const json& recording) {
  const auto& source = member(recording, "source");
  const auto path = text_of(source, "file");
  return path.substr(path.rfind('/') + 1) + "#"
         + std::to_string(count_of(source, "interaction").value_or(0));
}

error classify(const json& recording) {
  http_response_head head;
  head.status = static_cast<int>(count_of(recording, "status").value_or(0));
  for (const auto& [name, value] : member(recording, "headers").items())
    head.headers.emplace_back(name, text_of(value));
  return classify_response(api_of(text_of(recording, "host")), head,
                           bytes_of(recording, "body"), {});
}

} // namespace

BOOST_AUTO_TEST_CASE(every_recording_has_the_class_that_a_person_gives_it) {
  std::map<std::string, errc, std::less<>> got;
  for (const auto& recording : read_corpus())
    got.emplace(key_of(recording), classify(recording).code);
  for (const auto& [key, want] : table) {
    BOOST_TEST_CONTEXT(key) {
      const auto found = got.find(key);
      BOOST_REQUIRE_MESSAGE(found != got.end(), "not among the recordings");
      BOOST_TEST(to_string(found->second) == to_string(want));
    }
  }
  // New recordings are to be judged by hand, too; until then they only warn.
  for (const auto& row : table)
    got.erase(got.find(row.key));
  for (const auto& [key, code] : got)
    BOOST_WARN_MESSAGE(false, "not in the table yet: " << key << " is "
                                                       << to_string(code));
}

BOOST_AUTO_TEST_CASE(every_recording_has_a_message_for_a_person) {
  for (const auto& recording : read_corpus()) {
    BOOST_TEST_CONTEXT(key_of(recording)) {
      const auto why = classify(recording);
      BOOST_TEST(!why.message.empty());
      BOOST_TEST(why.message.size() <= limits::error_message_bytes_max);
      BOOST_TEST(!why.message.starts_with('{'));
      BOOST_TEST(why.message.find('\n') == std::string::npos);
      BOOST_TEST(why.provider_status
                 == static_cast<int>(*count_of(recording, "status")));
      // None of these was refused for its rate, whatever its headers count.
      if (why.provider_status != 429)
        BOOST_TEST(!why.retry_after.has_value());
    }
  }
}
