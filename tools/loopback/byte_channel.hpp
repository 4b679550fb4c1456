// A connected, non-blocking socket, with or without TLS.
#pragma once

#include "messages/errc.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace penstock::loopback {

class byte_channel {
public:
  enum class state {
    moved,  ///< `bytes` of them, at least one.
    again,  ///< Not now.
    ended,  ///< The peer has closed.
    broken, ///< Reset, or a TLS failure.
  };
  struct outcome {
    state how;
    std::size_t bytes = 0;
  };

  virtual ~byte_channel() = default;
  virtual outcome read(std::span<char> into) = 0;
  virtual outcome write(std::string_view bytes) = 0;
  /// Says goodbye, where the protocol has a word for it.
  virtual void finish() {}
  /// Whether `read` goes on only when the socket can be written (TLS).
  virtual bool read_waits_for_write() const noexcept { return false; }
};

/// @param socket stays the caller's.
std::unique_ptr<byte_channel> make_plain_channel(int socket);

/// A server's certificate with its key, PEM files.
struct tls_files {
  std::string certificate;
  std::string key;
};

/// The server side of TLS; one for all its connections.
class tls_identity {
public:
  /// Errors: `invalid_request` when the files do not hold what they should.
  static expected<std::unique_ptr<tls_identity>> load(const tls_files& files);
  ~tls_identity();

  /// The handshake happens inside the first reads. Null: out of memory.
  std::unique_ptr<byte_channel> make_channel(int socket) const;

private:
  struct context;
  explicit tls_identity(std::unique_ptr<context> made);
  std::unique_ptr<context> context_;
};

} // namespace penstock::loopback
