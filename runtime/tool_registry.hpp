// Internal: the tools that a host has registered.
#pragma once

#include "actors/tool_set.hpp"
#include "messages/errc.hpp"
#include "messages/tool.hpp"

#include <memory>
#include <mutex>
#include <string_view>

namespace penstock {

/// Tools by name. A snapshot is immutable: a stream goes on with the tools
/// that were there when it took one.
///
/// Limits:  limits::tools_max.
/// Threads: every member from any thread. Schemas are compiled without the
///          lock, which is held for the exchange of a pointer or, to change
///          the set, for a copy of the map.
class tool_registry {
public:
  tool_registry();

  /// Errors: `invalid_request` names the tool: the name is taken, or as in
  ///         `check_tool`.
  expected<void> add(std::shared_ptr<const tool> what);

  /// @returns whether there was one.
  bool remove(std::string_view name);

  /// Never null.
  std::shared_ptr<const tool_set> snapshot() const;

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const tool_set> tools_; // guarded by mutex_; never null
};

} // namespace penstock
