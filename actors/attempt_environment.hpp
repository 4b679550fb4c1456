// What SUPERVISOR and its PROVIDERs need of the world. One per runtime, built
// by RUNTIME, immutable.
#pragma once

#include "messages/clock.hpp"
#include "messages/options.hpp"
#include "providers/model_catalog.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace penstock {

struct attempt_environment {
  /// "provider:model" to endpoint and codec, usually a `model_catalog`'s. Must
  /// not block; an exception is an error of class `internal`.
  std::function<expected<resolved_model>(const std::string& name)> resolve;
  std::shared_ptr<http_client> http; ///< Never null.
  std::shared_ptr<clock> time;       ///< Never null.
  std::uint64_t seed = 0;            ///< Of the jitter.

  endpoint_options endpoints;
  std::map<std::string, endpoint_options> endpoints_by_provider;

  /// Gets one line without secrets. May be null; must not block or throw.
  std::function<void(const std::string& line)> log;

  const endpoint_options& options_of(const std::string& provider) const {
    const auto own = endpoints_by_provider.find(provider);
    return own == endpoints_by_provider.end() ? endpoints : own->second;
  }
};

} // namespace penstock
