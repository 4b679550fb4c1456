#include "tools/loopback/byte_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <utility>

namespace penstock::loopback {

namespace {

byte_channel::outcome outcome_of(ssize_t moved) {
  if (moved > 0)
    return {byte_channel::state::moved, static_cast<std::size_t>(moved)};
  if (moved == 0)
    return {byte_channel::state::ended};
  if (errno == EAGAIN || errno == EINTR) // Linux: EWOULDBLOCK is EAGAIN.
    return {byte_channel::state::again};
  return {byte_channel::state::broken};
}

class plain_channel final : public byte_channel {
public:
  explicit plain_channel(int socket) : socket_(socket) {}
  outcome read(std::span<char> into) override {
    return outcome_of(recv(socket_, into.data(), into.size(), 0));
  }
  outcome write(std::string_view bytes) override {
    return outcome_of(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

private:
  int socket_;
};

struct ssl_free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

/// The server's thread blocks SIGPIPE: OpenSSL knows no MSG_NOSIGNAL.
class tls_channel final : public byte_channel {
public:
  explicit tls_channel(std::unique_ptr<SSL, ssl_free> ssl)
    : ssl_(std::move(ssl)) {}
  outcome read(std::span<char> into) override {
    return outcome_of_ssl(
      SSL_read(ssl_.get(), into.data(), length(into.size())));
  }
  outcome write(std::string_view bytes) override {
    return outcome_of_ssl(
      SSL_write(ssl_.get(), bytes.data(), length(bytes.size())));
  }
  void finish() override {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  bool read_waits_for_write() const noexcept override {
    return SSL_want_write(ssl_.get());
  }

private:
  static int length(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  }
  outcome outcome_of_ssl(int moved) {
    const auto why =
      moved > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), moved);
    ERR_clear_error();
    switch (why) {
    case SSL_ERROR_NONE:
      return {state::moved, static_cast<std::size_t>(moved)};
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {state::again};
    case SSL_ERROR_ZERO_RETURN:
      return {state::ended};
    default:
      return {state::broken};
    }
  }
  std::unique_ptr<SSL, ssl_free> ssl_;
};

} // namespace

std::unique_ptr<byte_channel> make_plain_channel(int socket) {
  return std::make_unique<plain_channel>(socket);
}

struct tls_identity::context {
  std::unique_ptr<SSL_CTX, ssl_free> ssl;
};

tls_identity::tls_identity(std::unique_ptr<context> made)
  : context_(std::move(made)) {}
tls_identity::~tls_identity() = default;

expected<std::unique_ptr<tls_identity>>
tls_identity::load(const tls_files& files) {
  auto made = std::make_unique<context>();
  made->ssl.reset(SSL_CTX_new(TLS_server_method()));
  auto* const ssl = made->ssl.get();
  if (!ssl)
    return fail(errc::internal, "OpenSSL has no memory for a TLS context");
  // A write is tried again with the rest of a buffer that may have moved.
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE
                          | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool good =
    SSL_CTX_use_certificate_chain_file(ssl, files.certificate.c_str()) == 1
    && SSL_CTX_use_PrivateKey_file(ssl, files.key.c_str(), SSL_FILETYPE_PEM)
         == 1
    && SSL_CTX_check_private_key(ssl) == 1;
  ERR_clear_error();
  if (!good)
    return fail(errc::invalid_request, "no certificate with its key in "
                                         + files.certificate + " and "
                                         + files.key);
  return std::unique_ptr<tls_identity>{new tls_identity{std::move(made)}};
}

std::unique_ptr<byte_channel> tls_identity::make_channel(int socket) const {
  std::unique_ptr<SSL, ssl_free> ssl{SSL_new(context_->ssl.get())};
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1)
    return nullptr;
  SSL_set_accept_state(ssl.get());
  return std::make_unique<tls_channel>(std::move(ssl));
}

} // namespace penstock::loopback
