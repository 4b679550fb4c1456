// Tools that a server of Chat Completions ran by itself.
#pragma once

#include "messages/part.hpp"
#include "providers/json.hpp"
#include "providers/part_writer.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace penstock {

/// Reads `delta.executed_tools`: calls that are told first with their arguments
/// and again, under the same `index`, with their output. A result's
/// `output_json` is the whole object of the wire.
///
/// Source: Groq, "Compound: built-in tools".
/// Limits: those of `part_writer`, which gives the keys.
class openai_chat_executed_tools {
public:
  void take(const json& list, part_writer& parts, part_batch& out);

private:
  struct call {
    part_key key;
    std::string name;
    bool answered = false;
  };
  std::map<std::uint64_t, call> calls_; // by index
};

} // namespace penstock
