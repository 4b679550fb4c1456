#include "actors/tool_input_check.hpp"

#include "actors/schema_evaluation.hpp"
#include "actors/schema_reader.hpp"
#include "messages/limits.hpp"
#include "providers/json.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace penstock {

namespace {

tl::unexpected<error> refused(const tool_definition& what,
                              const std::string& why) {
  constexpr std::size_t shown_bytes_max = 80;
  return fail(errc::invalid_request,
              "tool \"" + one_line(what.name, shown_bytes_max) + "\": " + why);
}

tl::unexpected<error> unfit(const std::string& why) {
  return fail(errc::tool, one_line(why, limits::tool_error_bytes_max));
}

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

} // namespace

struct tool_input_check::compiled {
  read_schema schema;
};

bool valid_tool_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= limits::tool_name_bytes_max
         && std::ranges::all_of(name, is_name_letter);
}

expected<tool_input_check>
tool_input_check::compile(const tool_definition& what) {
  if (!valid_tool_name(what.name))
    return refused(what, "its name must be 1 to "
                           + std::to_string(limits::tool_name_bytes_max)
                           + " of A-Z a-z 0-9 _ -");
  if (what.input_schema_json.size() > limits::tool_schema_bytes_max)
    return refused(what, "its input schema is larger than "
                           + std::to_string(limits::tool_schema_bytes_max)
                           + " bytes");
  try {
    auto root = parse_json(what.input_schema_json);
    if (!root)
      return refused(what, "its input schema: " + root.error().message);
    auto made = std::make_shared<compiled>();
    made->schema.root = std::move(*root);
    if (const auto good = read(made->schema); !good)
      return refused(what, "its input schema " + good.error().message);
    return tool_input_check{std::move(made)};
  } catch (const std::exception& why) { // no memory
    return refused(what, std::string{"its input schema: "} + why.what());
  }
}

expected<void> tool_input_check::check(std::string_view input_json) const {
  if (input_json.size() > limits::tool_input_bytes_max)
    return unfit("the input is larger than "
                 + std::to_string(limits::tool_input_bytes_max) + " bytes");
  try {
    const auto input = parse_json(input_json);
    if (!input)
      return unfit("the input: " + input.error().message);
    schema_evaluation by{what_->schema};
    if (!by.fits(*input))
      return unfit(by.why());
    return {};
  } catch (const std::exception& why) { // no memory
    return unfit(std::string{"the input could not be checked: "} + why.what());
  }
}

} // namespace penstock
