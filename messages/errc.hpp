// Every way in which the runtime reports failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace penstock {

/// The class of a failure (SPEC §7): decides what follows. One sentence each
/// on when it happens.
enum class errc : std::uint8_t {
  none,
  authentication,   ///< The provider rejects the key, or there is no key.
  permission,       ///< The key is valid but may not do this (403).
  quota,            ///< The account has no credit or has used up its quota.
  rate_limit,       ///< Too many requests or tokens for now (429).
  overloaded,       ///< The provider has no capacity for now (529, 503).
  server_error,     ///< The provider failed (500, 502, 504, other 5xx).
  network,          ///< DNS, connect, TLS, reset, HTTP/2 stream error.
  timeout,          ///< One of the attempt's clocks fired, or a 408.
  context_exceeded, ///< The prompt does not fit the model's window.
  model_not_found,  ///< No such model, or no such provider.
  invalid_request,  ///< The request is wrong; sending it again cannot help.
  model_refusal,    ///< The model, or a filter before it, declined to answer.
  empty_output,     ///< A complete answer without any part, twice.
  stream_truncated, ///< The body ended before the terminal event.
  protocol,         ///< Not the stream we expect, or a limit was exceeded.
  aborted,          ///< The caller stopped it.
  superseded,       ///< A newer start overtook this one before it began.
  tool,             ///< A tool's handler failed in a way that ends the stream.
  storage,          ///< The store could not keep what must be durable.
  internal,         ///< An actor of ours crashed, or a thread was refused.
};

inline constexpr std::size_t errc_count = 21;

/// The name as in SPEC §7 and in every event. Static storage.
std::string_view to_string(errc code) noexcept;
/// The inverse. Empty if `name` is none of them.
std::optional<errc> errc_from_string(std::string_view name) noexcept;

/// Whether a caller who tries the same again later may succeed.
bool retryable(errc code) noexcept;

/// A failure with what a person needs to act on it. Carries no secret: every
/// message from outside is cleaned before it gets here.
struct error {
  errc code = errc::none;
  /// One line: what was wrong and, where we know it, what to do.
  std::string message{};
  /// HTTP status of the provider; 0 if there was none.
  int provider_status = 0;
  /// How long the provider asks us to wait, if it said so.
  std::optional<std::chrono::milliseconds> retry_after{};
  /// The provider's own word on a retry (`x-should-retry`). Wins over ours.
  std::optional<bool> should_retry{};

  bool operator==(const error&) const = default;
};

/// A value, or why there is none.
template <class T>
using expected = tl::expected<T, error>;

/// `return fail(errc::protocol, "…");` in a function that returns `expected`.
inline tl::unexpected<error> fail(errc code, std::string message) {
  return tl::unexpected(error{code, std::move(message)});
}
inline tl::unexpected<error> fail(error why) {
  return tl::unexpected(std::move(why));
}

} // namespace penstock
