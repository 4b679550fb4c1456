#include "runtime/tool_registry.hpp"

#include "messages/limits.hpp"

#include <string>
#include <utility>

namespace penstock {

tool_registry::tool_registry() : tools_(std::make_shared<const tool_set>()) {}

expected<void> tool_registry::add(std::shared_ptr<const tool> what) {
  auto checked = check_tool(std::move(what));
  if (!checked)
    return fail(std::move(checked.error()));
  const auto name = checked->tool->definition.name;
  std::shared_ptr<const tool_set> old; // Destroyed without the lock.
  const std::lock_guard held{mutex_};
  if (tools_->count(name) > 0)
    return fail(errc::invalid_request,
                "tool \"" + name + "\": the name is taken");
  if (tools_->size() >= limits::tools_max)
    return fail(errc::invalid_request, "tool \"" + name + "\": there are "
                                         + std::to_string(limits::tools_max)
                                         + " tools already");
  auto grown = std::make_shared<tool_set>(*tools_);
  grown->emplace(name, std::move(*checked));
  old = std::exchange(tools_, std::move(grown));
  return {};
}

bool tool_registry::remove(std::string_view name) {
  std::shared_ptr<const tool_set> old; // Destroyed without the lock.
  const std::lock_guard held{mutex_};
  if (tools_->find(name) == tools_->end())
    return false;
  auto left = std::make_shared<tool_set>(*tools_);
  left->erase(left->find(name));
  old = std::exchange(tools_, std::move(left));
  return true;
}

std::shared_ptr<const tool_set> tool_registry::snapshot() const {
  const std::lock_guard held{mutex_};
  return tools_;
}

} // namespace penstock
