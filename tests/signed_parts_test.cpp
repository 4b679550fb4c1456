// Goal: what a provider signed keeps its signature on the way to the next
// prompt, and no one but its maker gets it. Method: parts of an attempt through
// the contract into a log, and the messages that are made of it.
#define BOOST_TEST_MODULE signed_parts
#include <boost/test/unit_test.hpp>

#include "actors/conversation.hpp"
#include "actors/stream_contract.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace penstock;

namespace {

struct world {
  stream_log log{
    std::make_shared<stream_identity>(stream_identity{"w", stream_id{1}, "m"}),
    event::stream_start{}};
  stream_contract contract;
  std::vector<attempt_span> spans;

  // One attempt of the step; those before the last one were cut.
  void attempt(std::vector<stream_part> parts, std::string made_by) {
    const auto from = static_cast<std::uint32_t>(log.size());
    for (auto& span : spans)
      span.whole = false;
    contract.begin_attempt(
      {stream_id{1}, static_cast<std::uint32_t>(spans.size() + 1)});
    contract.take(0, std::move(parts), log);
    contract.end_attempt(false, log);
    spans.push_back({1, from, static_cast<std::uint32_t>(log.size()),
                     std::move(made_by), true});
  }

  std::vector<content> parts() const {
    const auto messages = final_messages(log, spans);
    return messages.empty() ? std::vector<content>{} : messages[0].parts;
  }
};

std::vector<stream_part> signed_answer() {
  return {part::text{0, "a"}, part::text_end{0}, part::signature{1, "s1"},
          part::text_end{1}, part::file{2, {"image/png", "b", {}, {}, "s2"}}};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_blank_text_is_kept_if_it_is_signed) {
  world w;
  w.attempt(signed_answer(), "google-gemini/m");
  BOOST_TEST(
    (w.parts()
     == std::vector<content>{text_content{"a", {}}, text_content{"", "s1"},
                             file_content{"image/png", "b", {}, {}, "s2"}}));
}

BOOST_AUTO_TEST_CASE(but_it_is_no_answer_by_itself) {
  world w;
  w.attempt({part::signature{0, "s"}, part::text_end{0}}, "google-gemini/m");
  BOOST_TEST(final_messages(w.log, w.spans).empty());
}

BOOST_AUTO_TEST_CASE(the_model_that_went_on_does_not_get_them) {
  world w;
  w.attempt(signed_answer(), "google-gemini/m");
  w.attempt({part::text{0, "c"}, part::text_end{0}}, "google-gemini/n");
  BOOST_TEST(
    (w.parts()
     == std::vector<content>{text_content{"a", {}},
                             file_content{"image/png", "b", {}, {}, {}},
                             text_content{"c", {}}}));
}

BOOST_AUTO_TEST_CASE(text_that_goes_on_does_not_join_a_signed_one) {
  world w;
  w.attempt({part::text{0, "a"}, part::signature{0, "s"}, part::text_end{0}},
            "google-gemini/m");
  w.attempt({part::text{0, "b"}, part::text_end{0}}, "google-gemini/m");
  BOOST_TEST(
    (w.parts()
     == std::vector<content>{text_content{"a", "s"}, text_content{"b", {}}}));
}

BOOST_AUTO_TEST_CASE(a_result_has_the_id_that_its_call_was_given) {
  world w;
  w.attempt({part::tool_start{0, {}, "code_execution", "executableCode", true},
             part::tool_complete{0, "{}", {}, {}},
             part::tool_result{0, {}, "code_execution", "{}", false}},
            "google-gemini/m");
  const auto parts = w.parts();
  BOOST_TEST_REQUIRE(parts.size() == 2u);
  const auto& id = std::get<tool_call_content>(parts[0]).id;
  BOOST_TEST(!id.empty());
  BOOST_TEST(std::get<tool_result_content>(parts[1]).tool_call_id == id);
}

BOOST_AUTO_TEST_CASE(a_text_keeps_its_phase_for_the_model_that_gave_it) {
  world w;
  w.attempt({part::text{0, "a"}, part::text_end{0, "commentary"},
             part::text{1, "b"}, part::text_end{1, "final_answer"}},
            "openai-responses@openai/m");
  BOOST_TEST((w.parts()
              == std::vector<content>{text_content{"a", {}, "commentary"},
                                      text_content{"b", {}, "final_answer"}}));
  w.attempt({part::text{0, "c"}, part::text_end{0}}, "openai-chat@x/n");
  BOOST_TEST((w.parts().front() == content{text_content{"a", {}, {}}}));
}

BOOST_AUTO_TEST_CASE(citations_stay_with_their_text_and_their_model) {
  world w;
  w.attempt({part::text{0, "a"}, part::text_end{0, "", R"([{"url":"u"}])"}},
            "anthropic-messages@anthropic/m");
  w.attempt({part::text{0, "b"}, part::text_end{0}},
            "anthropic-messages@anthropic/m");
  BOOST_TEST(
    (w.parts()
     == std::vector<content>{text_content{"a", {}, {}, R"([{"url":"u"}])"},
                             text_content{"b"}}));
  w.attempt({part::text{0, "c"}, part::text_end{0}}, "openai-chat@x/n");
  BOOST_TEST((w.parts().front() == content{text_content{"abc"}}));
}
