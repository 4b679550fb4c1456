#include "bench/support/tls_front.hpp"

#include "bench/support/meter.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace penstock::bench {

namespace {

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "bench: %s\n", why);
  std::exit(1);
}

/// @returns the process; it hears of our end.
pid_t run(std::vector<std::string> words) {
  std::vector<char*> values;
  for (auto& w : words)
    values.push_back(w.data());
  values.push_back(nullptr);
  const auto child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execvp(values[0], values.data());
    _exit(127);
  }
  return child;
}

sockaddr_in loopback(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto at = loopback(0);
  socklen_t size = sizeof at;
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0
      || getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    give_up("no port is free");
  close(fd);
  return ntohs(at.sin_port);
}

bool listens(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto at = loopback(port);
  const bool good =
    connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  close(fd);
  return good;
}

} // namespace

tls_front::tls_front(const std::string& backend) {
  const auto key = folder_.file("key.pem");
  int status = 1;
  const auto openssl =
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
         key, "-out", ca_file()});
  if (waitpid(openssl, &status, 0) < 0 || status != 0)
    give_up("the openssl program makes no certificate (apt-get install "
            "openssl)");
  const auto port = free_port();
  auto behind = backend;
  behind.replace(behind.rfind(':'), 1, ",");
  child_ = run({"nghttpx", "--conf=/dev/null", "--workers=1",
                "--frontend=127.0.0.1," + std::to_string(port),
                "--backend=" + behind, key, ca_file()});
  url_ = "https://127.0.0.1:" + std::to_string(port);
  for (int i = 0; i < 200 && !listens(port); ++i) {
    if (waitpid(child_, &status, WNOHANG) == child_)
      give_up("nghttpx does not run (apt-get install nghttp2-proxy)");
    wait(0.02);
  }
}

tls_front::~tls_front() {
  if (child_ > 0) {
    kill(child_, SIGTERM); // It has a worker of its own, which goes with it.
    waitpid(child_, nullptr, 0);
  }
}

} // namespace penstock::bench
