#include "tools/loopback/server_log.hpp"

#include <algorithm>

namespace penstock::loopback {

std::size_t server_log::open_connections() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(connections.begin(), connections.end(),
                  [](auto& c) { return c.closed_by == closer::nobody; }));
}

server_log shared_log::copy() const {
  const std::lock_guard lock{mutex_};
  return log_;
}

bool shared_log::wait_until(const condition& holds,
                            std::chrono::milliseconds limit) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, limit, [&] { return holds(log_); });
}

} // namespace penstock::loopback
