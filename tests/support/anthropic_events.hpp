// The events of an Anthropic stream, as short as tests want them. Strings that
// are named `escaped` are the inside of a JSON string.
#pragma once

#include <string>

namespace penstock::test::event {

inline std::string start(const std::string& block, int index = 0) {
  return R"({"type":"content_block_start","index":)" + std::to_string(index)
         + R"(,"content_block":)" + block + "}";
}
inline std::string delta(const std::string& what, int index = 0) {
  return R"({"type":"content_block_delta","index":)" + std::to_string(index)
         + R"(,"delta":)" + what + "}";
}
inline std::string stop(int index = 0) {
  return R"({"type":"content_block_stop","index":)" + std::to_string(index)
         + "}";
}
inline std::string text(const std::string& escaped, int index = 0) {
  return delta(R"({"type":"text_delta","text":")" + escaped + R"("})", index);
}
inline std::string input(const std::string& escaped, int index = 0) {
  return delta(R"({"type":"input_json_delta","partial_json":")" + escaped
                 + R"("})",
               index);
}

inline const std::string text_start = R"({"type":"text","text":""})";
inline const std::string tool_start =
  R"({"type":"tool_use","id":"t1","name":"get","input":{}})";
inline const std::string server_start =
  R"({"type":"server_tool_use","id":"s1","name":"web_search","input":{}})";
inline const std::string message_start =
  R"({"type":"message_start","message":{"id":"m","model":"c"}})";
inline const std::string message_stop = R"({"type":"message_stop"})";

} // namespace penstock::test::event
