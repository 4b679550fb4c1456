// What tokens cost.
#pragma once

#include "messages/record.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Prices of models on one day. Immutable once read.
///
///   {"date": "2026-11-26", "currency": "USD", "per_tokens": 1000000,
///    "models": {"openai:gpt-4.1": {"input", "cache_read", "cache_write",
///                                  "output"}}}
///
/// A model that is not here has no known cost; its cost is never 0. The date is
/// that of the comparison with the sources, which the file names. A dated
/// name ("…-20251001", "…-2025-08-07") has the price of the name without the
/// date. What has no price of its own (`cache_read`, `cache_write`) costs as
/// `input`.
///
/// Source: data/prices.json, which names its sources.
class price_table {
public:
  /// The one that was current when this was built.
  static const price_table& built_in();
  /// Errors: `invalid_request`, with the place in the text.
  static expected<price_table> parse(std::string_view text);
  /// The same from a file.
  static expected<price_table> load(const std::string& path);

  /// @returns absent for a model without a price, and for a usage that nobody
  ///          reported. Units: `currency`.
  std::optional<double> cost(const std::string& model,
                             const token_usage& usage) const;

  /// When the prices were looked up.
  const std::string& date() const noexcept { return date_; }
  /// Of all prices: "USD".
  const std::string& currency() const noexcept { return currency_; }

private:
  struct price {
    double input = 0, cache_read = 0, cache_write = 0, output = 0; // per token
  };
  const price* find(const std::string& model) const;

  std::string date_, currency_;
  std::map<std::string, price> models_;
};

} // namespace penstock
