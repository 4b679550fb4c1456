// The endpoints that attempts are sent to, each with its health, its line and
// what runs there.
#pragma once

#include "actors/endpoint_health.hpp"
#include "actors/fair_queue.hpp"
#include "messages/request.hpp"
#include "providers/model_catalog.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace penstock {

struct attempt_record;

/// One endpoint and who waits for it.
struct endpoint_record {
  endpoint_record(std::string n, const endpoint_options& options)
    : name(std::move(n)), health(options) {}

  std::string name; ///< "provider base_url"
  endpoint_health health;
  fair_queue<attempt_record*> waiting; ///< A line per workspace.
  /// What the last who asked was told: a change concerns all who wait.
  endpoint_health::admission::kind told{};
  std::uint32_t attempts = 0; ///< That point here, whether they run or not.
  /// Of attempts that run, by "provider:model".
  std::map<std::string, std::weak_ptr<const resolved_model>> models;

  /// Thousands of attempts of one model hold one description of it.
  std::shared_ptr<const resolved_model> shared(resolved_model model);
};

/// Two models are at one endpoint if provider, base URL and key are the same.
///
/// Lifetime: a record stays where it is, as long as `attempts` is not 0.
class endpoint_set {
public:
  /// That of `model`; a new one with `options` if it was not asked before.
  endpoint_record& of(const resolved_model& model,
                      const endpoint_options& options);
  /// There are more than it is worth to keep: a host whose keys change from
  /// hour to hour leaves some behind.
  bool crowded() const noexcept { return all_.size() > 64; }
  /// Those that nobody uses and that are as good as never asked.
  void forget_idle(steady_time now);
  std::vector<endpoint_view> views(steady_time now) const;

private:
  /// provider, base URL, hash of the key; never the key itself.
  using endpoint_key = std::tuple<std::string, std::string, std::size_t>;
  std::map<endpoint_key, endpoint_record> all_;
};

} // namespace penstock
