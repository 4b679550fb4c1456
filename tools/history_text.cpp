#include "tools/history_text.hpp"

#include <array>
#include <string_view>

namespace penstock::cli {

namespace {

struct part_text {
  std::string operator()(const text_content& c) const { return c.text; }
  std::string operator()(const reasoning_content&) const { return {}; }
  std::string operator()(const refusal_content& c) const {
    return "[declined] " + c.text;
  }
  std::string operator()(const file_content& c) const {
    return "[file " + c.media_type + "]";
  }
  std::string operator()(const tool_call_content& c) const {
    return "[calls " + c.name + " " + c.input_json + "]";
  }
  std::string operator()(const tool_result_content& c) const {
    return std::string{c.is_error ? "[error of " : "[result of "} + c.tool_name
           + " " + c.output_json + "]";
  }
};

} // namespace

std::string history_text(const history_row& row) {
  constexpr std::array<std::string_view, 4> speakers{"system", "user",
                                                     "assistant", "tool"};
  std::string text;
  for (const auto& m : row.messages) {
    text += "#" + std::to_string(row.sequence) + " ";
    text += speakers[static_cast<std::size_t>(m.from)];
    if (row.how != history_row::outcome::completed)
      text += " (" + std::string{to_string(row.how)} + ")";
    text += ":\n";
    for (const auto& part : m.parts)
      if (const auto shown = std::visit(part_text{}, part); !shown.empty())
        text += harmless(shown) + "\n";
    text += "\n";
  }
  return text;
}

} // namespace penstock::cli
