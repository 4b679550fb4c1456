#include "bench/support/load_server.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <curl/curl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::bench {

load_server::load_server(const char* program) {
  int pipe_ends[2] = {};
  if (pipe(pipe_ends) != 0)
    std::exit(1);
  child_ = fork();
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(pipe_ends[1], STDOUT_FILENO);
    const char* const path = program ? program : PENSTOCK_LOAD_SERVER;
    execl(path, path, "--port", "0", static_cast<char*>(nullptr));
    std::perror(path);
    _exit(127);
  }
  close(pipe_ends[1]);
  std::array<char, 128> line{};
  auto* const from = fdopen(pipe_ends[0], "r");
  int port = 0;
  if (!from || !std::fgets(line.data(), line.size(), from)
      || std::sscanf(line.data(), "listening 127.0.0.1:%d", &port) != 1) {
    std::fprintf(stderr, "the load server did not start: %s\n", line.data());
    std::exit(1);
  }
  std::fclose(from);
  host_ = "127.0.0.1:" + std::to_string(port);
}

load_server::~load_server() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
}

std::string load_server::get(const std::string& path) const {
  std::string answer;
  auto* const easy = curl_easy_init();
  const auto where = url() + path;
  using callback = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const callback take = [](char* bytes, std::size_t, std::size_t size,
                           void* to) {
    static_cast<std::string*>(to)->append(bytes, size);
    return size;
  };
  curl_easy_setopt(easy, CURLOPT_URL, where.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  return answer;
}

} // namespace penstock::bench
