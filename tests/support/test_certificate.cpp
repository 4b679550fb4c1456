#include "tests/support/test_certificate.hpp"

#include <cstdlib>
#include <stdexcept>

namespace penstock::testing {

scratch_directory::scratch_directory() {
  auto name =
    (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
  if (!mkdtemp(name.data()))
    throw std::runtime_error{"no temporary directory"};
  path_ = name;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

test_certificate::test_certificate(const std::string& names) {
  files_.certificate = directory_.path() / "cert.pem";
  files_.key = directory_.path() / "key.pem";
  const auto command =
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    " -nodes -days 1 -subj /CN=penstock-test -addext subjectAltName="
    + names + " -keyout " + files_.key + " -out " + files_.certificate + " 2> "
    + (directory_.path() / "log").string();
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error{"the openssl program cannot make a certificate"};
}

} // namespace penstock::testing
