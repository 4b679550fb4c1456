#include "tools/loopback/loopback_server.hpp"

#include "providers/deadline_heap.hpp"
#include "providers/named_thread.hpp"
#include "tools/loopback/connection.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace penstock::loopback {

class loopback_server::loop {
public:
  explicit loop(server_options options) : options_(std::move(options)) {}
  ~loop();

  expected<void> start();
  std::string origin() const;

  http_answer answer(const http_request& request) {
    const std::lock_guard lock{script_mutex_};
    return options_.script.answer(request);
  }
  void change_script(const std::function<void(http_script&)>& change) {
    const std::lock_guard lock{script_mutex_};
    change(options_.script);
  }

  shared_log log;
  std::uint16_t port = 0;

private:
  expected<void> listen_on_loopback();
  void run();
  void accept_all();
  void add(int socket);
  void take_event(int fd);
  void play(int socket);
  void watch(int socket, const connection& c, int operation);
  int wait_ms() const;
  void fire_due();

  server_options options_;
  std::mutex script_mutex_; ///< Guards `options_.script`.
  std::unique_ptr<tls_identity> tls_;
  int listener_ = -1;
  int epoll_ = -1;
  int stop_ = -1;
  deadline_heap deadlines_;
  server_parts parts_{deadlines_, log,
                      [this](const http_request& r) { return answer(r); },
                      [this](int socket) { play(socket); }};
  std::map<int, std::unique_ptr<connection>> connections_; ///< By socket.
  bool stopping_ = false;
  std::thread thread_;
};

loopback_server::loop::~loop() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto told = write(stop_, &one, sizeof one);
    thread_.join();
  }
  for (const auto fd : {listener_, epoll_, stop_})
    if (fd >= 0)
      close(fd);
}

std::string loopback_server::loop::origin() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:")
         + std::to_string(port);
}

expected<void> loopback_server::loop::start() {
  if (options_.tls) {
    auto identity = tls_identity::load(*options_.tls);
    if (!identity)
      return fail(std::move(identity.error()));
    tls_ = std::move(*identity);
  }
  if (auto listening = listen_on_loopback(); !listening)
    return listening;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || stop_ < 0)
    return fail(errc::internal, "no file descriptor left (ulimit -n)");
  for (const auto fd : {listener_, stop_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  auto thread = start_named_thread("loopback", [this] { run(); });
  if (!thread)
    return fail(std::move(thread.error()));
  thread_ = std::move(*thread);
  return {};
}

expected<void> loopback_server::loop::listen_on_loopback() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(options_.port);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listener_ < 0 || bind(listener_, any, size) != 0
      || listen(listener_, SOMAXCONN) != 0
      || getsockname(listener_, any, &size) != 0)
    return fail(errc::internal, std::string{"cannot listen on 127.0.0.1: "}
                                  + std::strerror(errno));
  port = ntohs(address.sin_port);
  return {};
}

// ---- the server's thread
// -----------------------------------------------------

void loopback_server::loop::run() {
  std::array<epoll_event, 64> events;
  while (!stopping_) {
    const auto ready = epoll_wait(epoll_, events.data(),
                                  static_cast<int>(events.size()), wait_ms());
    for (int i = 0; i < ready; ++i)
      take_event(events[static_cast<std::size_t>(i)].data.fd);
    fire_due();
  }
  connections_.clear();
}

// Rounded up: a deadline that is not quite due would be looked at in a circle.
int loopback_server::loop::wait_ms() const {
  const auto next = deadlines_.next();
  if (!next)
    return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
    *next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

// At most those that are armed now: an endless body arms its next piece as it
// goes, and the sockets want their turn.
void loopback_server::loop::fire_due() {
  const auto now = std::chrono::steady_clock::now();
  for (auto left = deadlines_.size(); left > 0; --left) {
    const auto fire = deadlines_.take_due(now);
    if (!fire)
      return;
    fire();
  }
}

void loopback_server::loop::take_event(int fd) {
  if (fd == stop_) {
    stopping_ = true;
  } else if (fd == listener_) {
    accept_all();
  } else if (const auto found = connections_.find(fd);
             found != connections_.end()) {
    if (found->second->move_bytes())
      watch(fd, *found->second, EPOLL_CTL_MOD);
    else
      connections_.erase(found);
  }
}

void loopback_server::loop::play(int socket) {
  const auto found = connections_.find(socket);
  if (found == connections_.end())
    return;
  if (found->second->play())
    watch(socket, *found->second, EPOLL_CTL_MOD);
  else
    connections_.erase(found);
}

void loopback_server::loop::accept_all() {
  for (;;) {
    const auto socket =
      accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0)
      return;
    add(socket);
  }
}

void loopback_server::loop::add(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (const auto bytes = options_.send_buffer_bytes; bytes > 0)
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  auto channel = tls_ && !options_.mute ? tls_->make_channel(socket)
                                        : make_plain_channel(socket);
  if (!channel) {
    close(socket);
    return;
  }
  auto made = std::make_unique<connection>(socket, std::move(channel),
                                           options_.mute, origin(), parts_);
  watch(socket, *made, EPOLL_CTL_ADD);
  connections_[socket] = std::move(made);
}

void loopback_server::loop::watch(int socket, const connection& c,
                                  int operation) {
  epoll_event event{};
  event.events = EPOLLIN | (c.wants_write() ? EPOLLOUT : 0u);
  event.data.fd = socket;
  epoll_ctl(epoll_, operation, socket, &event);
}

// ---- the server
// --------------------------------------------------------------

loopback_server::loopback_server(std::unique_ptr<loop> made)
  : loop_(std::move(made)) {}
loopback_server::~loopback_server() = default;

expected<std::unique_ptr<loopback_server>>
loopback_server::start(server_options options) {
  auto made = std::make_unique<loop>(std::move(options));
  if (auto started = made->start(); !started)
    return fail(std::move(started.error()));
  return std::unique_ptr<loopback_server>{new loopback_server{std::move(made)}};
}

std::uint16_t loopback_server::port() const noexcept {
  return loop_->port;
}
std::string loopback_server::url(std::string_view path) const {
  return loop_->origin() + std::string{path};
}
void loopback_server::change_script(
  const std::function<void(http_script&)>& change) {
  loop_->change_script(change);
}
server_log loopback_server::log() const {
  return loop_->log.copy();
}
bool loopback_server::wait_until(const condition& holds,
                                 std::chrono::milliseconds limit) const {
  return loop_->log.wait_until(holds, limit);
}

} // namespace penstock::loopback
