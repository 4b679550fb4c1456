// Goal: what the Gemini API sent can go back to it as it came, and what others
// sent to it is what we would have sent.
// Method: each recorded stream is decoded, answered and encoded, and the turn
// of the model compared with the parts of the wire; each recorded request is
// rebuilt from a neutral prompt and compared.
#define BOOST_TEST_MODULE gemini_round_trip
#include <boost/test/unit_test.hpp>

#include "providers/base64.hpp"
#include "tests/support/gemini_requests.hpp"
#include "tests/support/gemini_streams.hpp"
#include "tests/support/skipping.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

using namespace penstock;
using namespace penstock::test;

namespace {

// The message that a workspace makes of an answer.
struct answer_reader {
  message made{role::assistant, {}, "google-gemini/" + gemini3};
  std::map<part_key, std::size_t> places;

  content& at(part_key key, content fresh) {
    const auto [it, added] = places.try_emplace(key, made.parts.size());
    if (added)
      made.parts.push_back(std::move(fresh));
    return made.parts[it->second];
  }

  void operator()(const part::text& p) {
    std::get<text_content>(at(p.key, text_content{})).text += p.bytes;
  }
  void operator()(const part::reasoning& p) {
    std::get<reasoning_content>(at(p.key, reasoning_content{})).text += p.bytes;
  }
  void operator()(const part::reasoning_end& p) {
    std::get<reasoning_content>(at(p.key, reasoning_content{})).signature =
      p.signature;
  }
  void operator()(const part::signature& p) {
    if (auto* text = std::get_if<text_content>(&at(p.key, text_content{})))
      text->signature = p.bytes;
  }
  void operator()(const part::tool_start& p) {
    auto id = p.id.empty() ? "call_" + std::to_string(p.key) : p.id;
    at(p.key,
       tool_call_content{
         std::move(id), p.name, {}, p.kind, {}, {}, p.provider_executed});
  }
  void operator()(const part::tool_complete& p) {
    auto& call = std::get<tool_call_content>(made.parts[places.at(p.key)]);
    call.input_json = p.input;
    call.signature = p.signature;
    call.item_id = p.item_id;
  }
  void operator()(const part::tool_result& p) {
    const auto& call =
      std::get<tool_call_content>(made.parts[places.at(p.key)]);
    made.parts.push_back(tool_result_content{
      call.id, p.tool_name, p.output_json, p.is_error, true, {}});
  }
  void operator()(const part::file& p) { made.parts.push_back(p.content); }
  template <class Other>
  void operator()(const Other&) {}
};

message message_of(const std::string& body) {
  answer_reader reader;
  for (const auto& part : decode_gemini(body).parts)
    std::visit(reader, part);
  return std::move(reader.made);
}

// The parts of candidate 0 as the wire had them, unsigned texts merged, calls
// in pieces left at their first one.
json wire_parts(const std::string& body) {
  auto parts = json::array();
  std::size_t at = 0;
  while ((at = body.find("data: ", at)) != body.npos) {
    const auto end = body.find('\n', at);
    const auto chunk = parse_json(body.substr(at + 6, end - at - 6));
    at = end;
    BOOST_TEST_REQUIRE(chunk.has_value());
    for (auto part :
         member(member(element(member(*chunk, "candidates"), 0), "content"),
                "parts")) {
      if (part.contains("functionCall")) {
        auto& call = part["functionCall"];
        if (!call.contains("name"))
          continue;
        if (!call.contains("args"))
          call["args"] = json::object();
      }
      const bool plain =
        part.contains("text") && !part.contains("thoughtSignature");
      if (plain && part["text"] == "")
        continue;
      auto* last = parts.empty() ? nullptr : &parts.back();
      if (plain && last && last->contains("text")
          && !last->contains("thoughtSignature")
          && last->contains("thought") == part.contains("thought"))
        (*last)["text"] =
          last->at("text").get<std::string>() + part["text"].get<std::string>();
      else
        parts.push_back(std::move(part));
    }
  }
  return parts;
}

// Arguments in pieces are compared by other tests.
json without_streamed_args(json parts, const json& wire) {
  for (std::size_t i = 0; i < parts.size() && i < wire.size(); ++i)
    if (member(member(wire[i], "functionCall"), "willContinue") == true) {
      parts[i]["functionCall"]["args"] = json::object();
      parts[i]["functionCall"]["willContinue"] = true;
    }
  return parts;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

content content_of(const json& part) {
  if (const auto& data = member(part, "inlineData"); data.is_object())
    return file_content{text_of(data, "mimeType"),
                        base64_decode(bytes_of(data, "data")).value(),
                        {},
                        {}};
  if (const auto& call = member(part, "functionCall"); call.is_object())
    return tool_call_content{text_of(call, "name"),
                             text_of(call, "name"),
                             to_text(member(call, "args")),
                             {},
                             text_of(part, "thoughtSignature"),
                             text_of(call, "id"),
                             false};
  BOOST_REQUIRE_MESSAGE(part.contains("text"), to_text(part));
  return text_content{text_of(part, "text"), text_of(part, "thoughtSignature")};
}

prompt prompt_of(const json& request, const std::string& model) {
  prompt p;
  p.system = text_of(
    element(member(member(request, "systemInstruction"), "parts"), 0), "text");
  for (const auto& turn : member(request, "contents")) {
    const bool model_turn = bytes_of(turn, "role") == "model";
    message m{model_turn ? role::assistant : role::user,
              {},
              model_turn ? "google-gemini/" + model : ""};
    for (const auto& part : turn.at("parts"))
      m.parts.push_back(content_of(part));
    p.messages.push_back(std::move(m));
  }
  const auto& config = member(request, "generationConfig");
  p.max_output_tokens = count_of(config, "maxOutputTokens");
  if (const auto& t = member(config, "temperature"); t.is_number())
    p.sampling.temperature = t.get<double>();
  return p;
}

// What says nothing, or the same in another way: an empty generationConfig, the
// role of the system text, the other alphabet of base64.
json normalized(json request) {
  if (member(request, "generationConfig").empty())
    request.erase("generationConfig");
  if (request.contains("systemInstruction"))
    request["systemInstruction"].erase("role");
  for (auto& turn : request["contents"])
    for (auto& part : turn["parts"])
      if (part.contains("inlineData"))
        part["inlineData"]["data"] = base64_encode(
          base64_decode(bytes_of(part["inlineData"], "data")).value());
  return request;
}

} // namespace

BOOST_AUTO_TEST_CASE(recorded_answers_go_back_as_they_came) {
  std::size_t compared = 0;
  for (const auto& [name, body] : gemini_recordings())
    BOOST_TEST_CONTEXT(name) {
      if (!decode_gemini(body).finished)
        continue; // It was cut, or is no event stream.
      const auto wire = wire_parts(body);
      prompt p;
      p.messages = {gemini_says(role::user, "q"), message_of(body),
                    gemini_says(role::user, "r")};
      const auto contents = gemini_body(p).at("contents");
      BOOST_TEST_REQUIRE(contents.size() == 3u);
      BOOST_TEST(without_streamed_args(contents[1].at("parts"), wire) == wire);
      ++compared;
    }
  if (compared == 0)
    testing::tell_skipped("no corpus; set PENSTOCK_CORPUS");
}

BOOST_AUTO_TEST_CASE(code_that_was_run_goes_back_as_it_came) {
  const auto parts = std::string{
    R"({"text":"a","thought":true},{"text":"b","thoughtSignature":"s"},)"
    R"({"executableCode":{"code":"1","language":"PYTHON"},"thoughtSignature":"t"},)"
    R"({"codeExecutionResult":{"outcome":"OUTCOME_OK"},"thoughtSignature":"u"},)"
    R"({"inlineData":{"data":"YQ==","mimeType":"image/png"},"thoughtSignature":"v"},)"
    R"({"toolCall":{"id":"x","toolType":"URL_CONTEXT"}},)"
    R"({"toolResponse":{"id":"x","response":{},"toolType":"URL_CONTEXT"}},)"
    R"({"functionCall":{"args":{},"id":"y","name":"f"},"thoughtSignature":"w"})"};
  const auto body = gemini_events({gemini_chunk(parts, "STOP")});
  prompt p;
  p.messages = {gemini_says(role::user, "q"), message_of(body)};
  BOOST_TEST(to_text(gemini_body(p)["contents"][1]["parts"])
             == "[" + parts + "]");
}

BOOST_AUTO_TEST_CASE(recorded_requests_are_what_we_would_send) {
  namespace fs = std::filesystem;
  const char* corpus = std::getenv("PENSTOCK_CORPUS");
  std::size_t compared = 0;
  for (const char* set : {"open", "open-cassettes"}) {
    std::error_code none;
    const auto folder = fs::path{corpus ? corpus : "."} / set / "google-gemini";
    for (const auto& entry : fs::directory_iterator{folder, none}) {
      if (!fs::exists(entry.path() / "request.json"))
        continue;
      BOOST_TEST_CONTEXT(entry.path().string()) {
        const auto request =
          parse_json(read_file(entry.path() / "request.json"));
        const auto meta = parse_json(read_file(entry.path() / "meta.json"));
        BOOST_TEST_REQUIRE((request && meta));
        const auto model = text_of(*meta, "model");
        BOOST_TEST(gemini_body(prompt_of(*request, model), model)
                   == normalized(*request));
      }
      ++compared;
    }
  }
  if (compared == 0)
    testing::tell_skipped("no corpus; set PENSTOCK_CORPUS");
}
