// HTTP as the provider layer needs it: one request, a body that streams.
#pragma once

#include "messages/errc.hpp"
#include "messages/prompt.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace penstock {

/// One exchange, as it goes out.
struct http_request {
  std::string method = "POST";
  std::string url;     ///< Absolute, http or https; parsed, not concatenated.
  header_list headers; ///< May hold a key: never printed.
  std::string body;
  /// Until the connection (TLS included) stands. 0: no limit. Ends the
  /// transfer with `timeout` and "connect_timeout_ms" in the message.
  std::chrono::milliseconds connect_timeout{0};
};

/// What precedes the body of an answer.
struct http_response_head {
  int status = 0;
  header_list headers; ///< Names in lower case.
};

/// First value of header `name` (lower case), or null. Lives as long as `list`.
const std::string* find_header(const header_list& list, std::string_view name);

/// Names a transfer of one client. 0 is none; never used twice.
enum class transfer_id : std::uint64_t {};

/// Hears about one transfer, on the client's thread. No call may block or
/// throw. The client keeps the listener alive until `on_end` has returned.
class http_listener {
public:
  virtual ~http_listener() = default;

  /// The connection stands and the request is on its way. At most once.
  virtual void on_connected() {}
  /// Status line and headers, once, before any body.
  virtual void on_response(http_response_head head) = 0;
  /// Body bytes, in order; the view is valid during the call. All of them are
  /// taken. @returns false to pause the transfer until `resume`.
  [[nodiscard]] virtual bool on_body(std::string_view bytes) = 0;
  /// The last call, exactly once for each transfer: `errc::none` when the
  /// whole body has arrived, `aborted` after `cancel`, else `network` or
  /// `timeout` with the transport's reason.
  virtual void on_end(error why) = 0;
};

/// Transfers bytes. Knows no provider, no JSON and no event stream.
///
/// Threads: every member from any thread; none blocks. Listeners are called on
///          one thread of the client's own, never from inside a member.
/// Errors:  all through `on_end`. Redirects are not followed: a 3xx is an
///          answer like any other.
class http_client {
public:
  virtual ~http_client() = default;

  /// Sends it. The listener hears all that follows, `on_end` last.
  virtual transfer_id start(http_request request,
                            std::shared_ptr<http_listener> listener) = 0;
  /// Closes the transfer's socket (or resets its HTTP/2 stream) at once and
  /// then calls `on_end(aborted)`. No effect if it has ended.
  virtual void cancel(transfer_id id) = 0;
  /// Lets a paused transfer go on. No effect if it is not paused or has ended.
  virtual void resume(transfer_id id) = 0;
};

} // namespace penstock
