// The loopback server that all rivals talk to: a process of its own.
#pragma once

#include <string>
#include <sys/types.h>

namespace penstock::bench {

/// Runs the server until it is destroyed. Ends the program if it cannot.
class load_server {
public:
  /// @param program path of the server; null: as it was built.
  explicit load_server(const char* program = nullptr);
  ~load_server();
  load_server(const load_server&) = delete;
  load_server& operator=(const load_server&) = delete;

  const std::string& host() const noexcept { return host_; }
  std::string url() const { return "http://" + host_; }

  /// What the server answers to a GET of `path`.
  std::string get(const std::string& path) const;

private:
  pid_t child_ = -1;
  std::string host_;
};

} // namespace penstock::bench
