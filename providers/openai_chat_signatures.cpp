#include "providers/openai_chat_signatures.hpp"

#include <algorithm>
#include <iterator>

namespace penstock {

namespace {

// As JSON pointers, Google's first.
// Source: ai.google.dev/gemini-api/docs/thought-signatures (OpenAI); LiteLLM's
// documentation of Gemini, "Thought signatures"; the others from gateways that
// hand the part of Gemini's own API on.
constexpr std::string_view places[] = {
  "/extra_content/google/thought_signature",
  "/extra_content/vertex/thought_signature",
  "/provider_specific_fields/thought_signature",
  "/function/provider_specific_fields/thought_signature",
  "/thought_signature",
  "/thoughtSignature",
};

// Takes the first name off.
std::string next_name(std::string_view& place) {
  place.remove_prefix(1);
  std::string name{place.substr(0, place.find('/'))};
  place.remove_prefix(name.size());
  return name;
}

const json& at_place(const json& wire, std::string_view place) {
  const auto* here = &wire;
  while (!place.empty())
    here = &member(*here, next_name(place).c_str());
  return *here;
}

} // namespace

call_signature signature_of_call(const json& wire) {
  for (const auto& place : places)
    if (auto bytes = text_of(at_place(wire, place)); !bytes.empty())
      return {std::move(bytes),
              &place == places ? std::string{} : std::string{place}};
  return {};
}

std::string signature_of_text(const json& wire) {
  return text_of(at_place(wire, places[0]));
}

void sign(ordered_json& what, const std::string& bytes,
          std::string_view place) {
  if (std::find(std::begin(places), std::end(places), place)
      == std::end(places))
    place = places[0];
  auto* here = &what;
  while (!place.empty())
    here = &(*here)[next_name(place)];
  *here = bytes;
}

} // namespace penstock
