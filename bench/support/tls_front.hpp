// HTTP/2 over TLS before a server that speaks neither: nghttpx (Debian's
// nghttp2-proxy), with a certificate of the openssl program.
#pragma once

#include "bench/support/scratch_folder.hpp"

#include <string>
#include <sys/types.h>

namespace penstock::bench {

/// Runs until it is destroyed. Ends the program, with what is missing, if it
/// cannot. A connection takes 100 streams at a time, nghttpx's default.
class tls_front {
public:
  /// @param backend "127.0.0.1:8080"
  explicit tls_front(const std::string& backend);
  ~tls_front();
  tls_front(const tls_front&) = delete;
  tls_front& operator=(const tls_front&) = delete;

  /// "https://127.0.0.1:8443"
  const std::string& url() const noexcept { return url_; }
  /// Certificate file of the one to trust.
  std::string ca_file() const { return folder_.file("cert.pem"); }

private:
  scratch_folder folder_;
  std::string url_;
  pid_t child_ = -1;
};

} // namespace penstock::bench
