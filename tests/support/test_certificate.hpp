// A self-signed certificate, made when a test asks for it.
#pragma once

#include "tools/loopback/byte_channel.hpp"

#include <filesystem>
#include <string>

namespace penstock::testing {

/// A directory that is removed with its contents.
class scratch_directory {
public:
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

/// Made by the openssl program; valid for a day.
///
/// Errors: throws std::runtime_error when there is no such program.
class test_certificate {
public:
  /// @param names subjectAltName, "IP:127.0.0.1,DNS:localhost".
  explicit test_certificate(const std::string& names = "IP:127.0.0.1");

  const loopback::tls_files& files() const noexcept { return files_; }
  /// The certificate is its own CA.
  const std::string& ca_file() const noexcept { return files_.certificate; }
  const std::filesystem::path& directory() const noexcept {
    return directory_.path();
  }

private:
  scratch_directory directory_;
  loopback::tls_files files_;
};

} // namespace penstock::testing
