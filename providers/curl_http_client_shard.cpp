#include "providers/curl_http_client_shard.hpp"

#include "messages/check.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace penstock {

// ---- sockets ----------------------------------------------------------------

void curl_sockets::watch(curl_socket_t socket, int what, curl_shard* owner) {
  const auto index = static_cast<std::size_t>(socket);
  if (what == CURL_POLL_REMOVE) {
    // Not twice: once it is closed, its number is anybody's.
    if (auto* const known = find(socket);
        known && std::exchange(known->owner, nullptr))
      epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  if (index >= all_.size())
    all_.resize(index + 1);
  if (!all_[index])
    all_[index] = std::make_unique<watched>();
  all_[index]->owner = owner;
  epoll_event event{};
  event.data.fd = socket;
  if (what & CURL_POLL_IN)
    event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT)
    event.events |= EPOLLOUT;
  // Which of the two it takes is not worth a table: a number is reused as soon
  // as libcurl has closed it.
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) != 0)
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

curl_sockets::watched* curl_sockets::find(curl_socket_t socket) const {
  const auto index = static_cast<std::size_t>(socket);
  return index < all_.size() ? all_[index].get() : nullptr;
}

// ---- one multi handle -------------------------------------------------------

std::unique_ptr<curl_shard> curl_shard::make(curl_sockets& sockets,
                                             const curl_options& options) {
  std::unique_ptr<curl_shard> shard{new curl_shard{sockets}};
  if (!shard->set_up(options))
    return nullptr;
  return shard;
}

bool curl_shard::set_up(const curl_options& options) {
  multi_.reset(curl_multi_init());
  bool good = multi_ != nullptr;
  const auto set = [&](CURLMoption option, auto value) {
    good = good && curl_multi_setopt(multi_.get(), option, value) == CURLM_OK;
  };
  set(CURLMOPT_SOCKETFUNCTION, &on_socket);
  set(CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  set(CURLMOPT_TIMERFUNCTION, &on_timer);
  set(CURLMOPT_TIMERDATA, static_cast<void*>(this));
  set(CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  set(CURLMOPT_MAX_HOST_CONNECTIONS,
      static_cast<long>(options.host_connections_max));
  return good;
}

bool curl_shard::add(curl_transfer& transfer) {
  auto* const easy = transfer.easy();
  if (curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &on_close) != CURLE_OK
      || curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &sockets_) != CURLE_OK
      || curl_multi_add_handle(multi_.get(), easy) != CURLM_OK)
    return false;
  ++running_;
  return true;
}

void curl_shard::remove(curl_transfer& transfer) {
  PENSTOCK_CHECK(running_ > 0);
  --running_;
  curl_multi_remove_handle(multi_.get(), transfer.easy());
}

void curl_shard::run_timers() {
  due_.reset();
  int running = 0;
  curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
}

void curl_shard::run_socket(curl_socket_t socket, std::uint32_t events) {
  int what = 0;
  if (events & EPOLLIN)
    what |= CURL_CSELECT_IN;
  if (events & EPOLLOUT)
    what |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP))
    what |= CURL_CSELECT_ERR;
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, what, &running);
}

curl_transfer* curl_shard::next_ended(CURLcode& result) {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left))
    if (message->msg == CURLMSG_DONE) {
      result = message->data.result;
      return &curl_transfer::of(message->easy_handle);
    }
  return nullptr;
}

int curl_shard::on_socket(CURL*, curl_socket_t socket, int what, void* self,
                          void*) noexcept {
  auto& me = *static_cast<curl_shard*>(self);
  me.sockets_.watch(socket, what, &me);
  return 0;
}

int curl_shard::on_close(void* sockets, curl_socket_t socket) noexcept {
  static_cast<curl_sockets*>(sockets)->watch(socket, CURL_POLL_REMOVE, nullptr);
  return close(socket);
}

int curl_shard::on_timer(CURLM*, long timeout_ms, void* self) noexcept {
  auto& me = *static_cast<curl_shard*>(self);
  if (timeout_ms < 0)
    me.due_.reset();
  else
    me.due_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds{timeout_ms};
  return 0;
}

} // namespace penstock
