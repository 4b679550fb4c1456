// Tools by name, with their compiled schemas: what is registered, and what one
// stream has of it.
#pragma once

#include "actors/tool_input_check.hpp"
#include "messages/errc.hpp"
#include "messages/tool.hpp"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace penstock {

/// A tool that is fit to be called.
struct checked_tool {
  std::shared_ptr<const penstock::tool> tool; ///< Never null; has a handler.
  tool_input_check input;
};

using tool_set = std::map<std::string, checked_tool, std::less<>>;

/// The tools that exist now. A stream keeps what it got: a tool that is
/// unregistered meanwhile stays callable for it. Thread-safe, does not block.
using registered_tools = std::function<std::shared_ptr<const tool_set>()>;

/// Errors: `invalid_request` names the tool: no handler, a bad name, a bad
///         schema, a timeout that is not positive.
expected<checked_tool> check_tool(std::shared_ptr<const tool> what);

/// The tools of one stream, as its start request names or defines them.
/// Errors: `invalid_request` names the tool: not registered, or there twice,
///         or as in `check_tool`.
expected<tool_set> resolve_tools(const tool_set& registered,
                                 std::span<const tool_ref> wanted);

} // namespace penstock
