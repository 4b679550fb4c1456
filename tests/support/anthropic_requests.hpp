// Prompts for tests of the Anthropic encoder, and what becomes of them.
#pragma once

#include "providers/anthropic_codec.hpp"
#include "providers/json.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::test {

/// The real address, with a key.
const endpoint& anthropic_endpoint();

/// One user message, "hello".
prompt hello();
prompt with(const std::function<void(prompt&)>& change);

struct encoded {
  json body;
  encoder_notes notes;
  header_list headers;
  std::string error; ///< Empty if there is none.

  bool noted(std::string_view word) const;
  std::string header(std::string_view name) const; ///< Or "(none)".
};

encoded encode(const prompt& p, std::string_view model = "claude-sonnet-4-5");

/// The `messages` of the request.
json encoded_turns(std::vector<message> messages,
                   std::string_view model = "claude-sonnet-4-5");

message user(std::string text);
message assistant(std::vector<content> parts,
                  std::string made_by = "anthropic-messages/claude-sonnet-4-5");
message result(std::string id, std::string output, bool is_error = false);
tool_call_content call(std::string id, std::string input = "{}");
reasoning_content thought();
tool_definition get_tool();

/// As they are on the wire.
json turn(const char* who, std::vector<json> content);
json text(std::string text);

} // namespace penstock::test
