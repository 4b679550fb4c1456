// A small real HTTP/1.1 server on 127.0.0.1 that plays a script and keeps a
// log of its own. For tests and for `penstock demo`.
#pragma once

#include "messages/errc.hpp"
#include "providers/http_script.hpp"
#include "tools/loopback/byte_channel.hpp"
#include "tools/loopback/server_log.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::loopback {

struct server_options {
  http_script script{};
  std::optional<tls_files> tls{};
  /// Accepts connections and never says a word, not even of TLS.
  bool mute = false;
  /// SO_SNDBUF, bytes; 0: the kernel's choice (up to several MiB), and so much
  /// is "sent" to a client that does not read.
  int send_buffer_bytes = 0;
  std::uint16_t port = 0; ///< 0: any free one.
};

/// Keep-alive, chunked and Content-Length framing, TLS if asked for; every
/// fault of http_answer over real sockets.
///
/// Threads: every member from any thread; one thread and one epoll set inside.
///          Functions of the script run on that thread.
/// Limits:  as many connections as there are descriptors; the log grows with
///          every request and keeps its body.
/// Errors:  `internal` when the port is taken or a descriptor is missing, the
///          errors of tls_identity.
class loopback_server {
public:
  static expected<std::unique_ptr<loopback_server>>
  start(server_options options);
  /// Closes all connections.
  ~loopback_server();

  std::uint16_t port() const noexcept;
  /// "http://127.0.0.1:PORT" + path, https with TLS.
  std::string url(std::string_view path = "/v1/chat/completions") const;

  /// Changes the script for requests to come.
  void change_script(const std::function<void(http_script&)>& change);

  server_log log() const;

  using condition = std::function<bool(const server_log&)>;
  /// Waits until the log is so, at most `limit`. @returns whether it is.
  bool wait_until(const condition& holds,
                  std::chrono::milliseconds limit) const;

private:
  class loop;
  explicit loopback_server(std::unique_ptr<loop> made);
  std::unique_ptr<loop> loop_;
};

} // namespace penstock::loopback
