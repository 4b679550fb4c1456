#include "providers/ca_file_check.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace penstock {

namespace {

// Source: RFC 7468, 5.1, and what OpenSSL writes.
bool begins_certificate(const std::string& line) {
  constexpr std::string_view heads[] = {
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN X509 CERTIFICATE-----",
    "-----BEGIN TRUSTED CERTIFICATE-----",
  };
  return std::any_of(std::begin(heads), std::end(heads),
                     [&](auto head) { return line.starts_with(head); });
}

} // namespace

std::optional<error> fault_of_ca_file(const std::string& path) {
  const auto fault = [&](const char* what) {
    return error{errc::invalid_request,
                 std::string{"ca_file "} + what + ": " + path};
  };
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed))
    return fault("is a directory, not a file of certificates");
  std::ifstream file{path};
  if (!file)
    return fault("cannot be read");
  for (std::string line; std::getline(file, line);)
    if (begins_certificate(line))
      return std::nullopt;
  return fault(file.bad() ? "cannot be read"
                          : "holds no certificate in PEM form");
}

} // namespace penstock
