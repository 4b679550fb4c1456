// Rivals (a) and (b): one thread, libcurl's multi interface on epoll, and
// nothing else. (a) counts bytes; (b) splits events and takes out the text.
// "hops" is (a) whose bytes pass two actors that do nothing else.
#include "bench/support/bare_hops.hpp"
#include "bench/support/event_text.hpp"
#include "bench/support/rival.hpp"

#include <array>
#include <curl/curl.h>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <thread>
#include <unistd.h>

namespace penstock::bench {

namespace {

class multi_rival final : public rival {
public:
  multi_rival(std::string_view name, const load& given, tally& results)
    : load_(given), over_actors_(name == "hops"), results_(results),
      url_(given.server + "/v1/chat/completions"),
      body_(request_body(given.shape)) {
    if (name == "extract")
      extractor_ = make_simdjson_extractor();
    else if (name == "dom")
      extractor_ = make_dom_extractor();
  }
  ~multi_rival() override {
    wake({what::close, 0});
    if (thread_.joinable())
      thread_.join();
    for (const auto fd : {epoll_, timer_, wake_})
      close(fd);
  }

  void start() override {
    thread_ = std::thread{[this] { run(); }};
  }
  void begin(std::size_t index) override { wake({what::begin, index}); }
  void abort(std::size_t index) override { wake({what::abort, index}); }
  void replace(std::size_t index, std::size_t as) override {
    abort(index);
    begin(as);
  }

private:
  struct stream {
    multi_rival* owner = nullptr;
    std::size_t index = 0;
    CURL* easy = nullptr;
    event_splitter splitter;
  };

  enum class what { begin, abort, close };
  struct command {
    what is;
    std::size_t index;
  };

  void wake(command c) {
    {
      const std::lock_guard lock{mutex_};
      commands_.push_back(c);
    }
    posted_ = true;
    const std::uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
  }

  void run();
  void set_up();
  void begin(stream& s);
  void run_commands();
  void end(stream& s, bool whole);
  void collect();

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size,
                             void* self) {
    auto& s = *static_cast<stream*>(self);
    auto& me = *s.owner;
    if (me.hops_)
      me.hops_->send(s.index, {bytes, size}); // which counts them
    else
      me.results_.bytes(size);
    if (me.extractor_)
      s.splitter.push({bytes, size}, [&](std::string_view data) {
        me.results_.text(s.index, me.extractor_->text_of(data));
      });
    return size;
  }
  static int on_socket(CURL*, curl_socket_t socket, int wanted, void* self,
                       void* known) {
    auto& me = *static_cast<multi_rival*>(self);
    epoll_event event{};
    event.data.fd = socket;
    event.events = ((wanted & CURL_POLL_IN) ? unsigned{EPOLLIN} : 0u)
                   | ((wanted & CURL_POLL_OUT) ? unsigned{EPOLLOUT} : 0u);
    const int how = wanted == CURL_POLL_REMOVE ? EPOLL_CTL_DEL
                    : known                    ? EPOLL_CTL_MOD
                                               : EPOLL_CTL_ADD;
    epoll_ctl(me.epoll_, how, socket, &event);
    curl_multi_assign(me.multi_, socket,
                      wanted == CURL_POLL_REMOVE ? nullptr : self);
    return 0;
  }
  static int on_timer(CURLM*, long timeout_ms, void* self) {
    auto& me = *static_cast<multi_rival*>(self);
    itimerspec spec{};
    if (timeout_ms >= 0) {
      spec.it_value.tv_sec = timeout_ms / 1000;
      spec.it_value.tv_nsec = timeout_ms % 1000 * 1'000'000;
      if (timeout_ms == 0)
        spec.it_value.tv_nsec = 1;
    }
    timerfd_settime(me.timer_, 0, &spec, nullptr);
    return 0;
  }

  const load load_;
  const bool over_actors_;
  tally& results_;
  const std::string url_, body_;
  std::optional<bare_hops> hops_;             // the thread's
  std::unique_ptr<text_extractor> extractor_; // null: bytes are counted only
  int epoll_ = epoll_create1(0);
  int timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  int wake_ = eventfd(0, EFD_NONBLOCK);
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::vector<std::unique_ptr<stream>> streams_;
  std::size_t running_ = 0;
  std::mutex mutex_; // guards commands_
  std::vector<command> commands_;
  std::atomic<bool> posted_{false};
  bool closing_ = false;
  std::thread thread_;
};

void multi_rival::set_up() {
  if (over_actors_)
    hops_.emplace(load_.streams + load_.spare, results_);
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
  headers_ = curl_slist_append(nullptr, "content-type: application/json");
  headers_ = curl_slist_append(headers_, "accept: text/event-stream");
  for (const auto fd : {timer_, wake_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  for (std::size_t i = 0; i < load_.streams + load_.spare; ++i) {
    streams_.push_back(std::make_unique<stream>());
    streams_.back()->owner = this;
    streams_.back()->index = i;
    if (!load_.one_by_one && i < load_.streams)
      begin(*streams_.back());
  }
}

void multi_rival::begin(stream& s) {
  s.easy = curl_easy_init();
  curl_easy_setopt(s.easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(s.easy, CURLOPT_POSTFIELDS, body_.c_str());
  curl_easy_setopt(s.easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(s.easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(s.easy, CURLOPT_WRITEDATA, &s);
  curl_easy_setopt(s.easy, CURLOPT_PRIVATE, &s);
  curl_easy_setopt(s.easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(s.easy, CURLOPT_TCP_NODELAY, 1L);
  if (!load_.ca_file.empty()) {
    curl_easy_setopt(s.easy, CURLOPT_HTTP_VERSION,
                     long{CURL_HTTP_VERSION_2TLS});
    curl_easy_setopt(s.easy, CURLOPT_CAINFO, load_.ca_file.c_str());
    // Else every connection reads the certificates anew.
    curl_easy_setopt(s.easy, CURLOPT_CAPATH, nullptr);
  }
  curl_multi_add_handle(multi_, s.easy);
  ++running_;
}

void multi_rival::end(stream& s, bool whole) {
  if (!s.easy)
    return;
  curl_multi_remove_handle(multi_, s.easy);
  curl_easy_cleanup(s.easy);
  s.easy = nullptr;
  --running_;
  results_.ended(whole);
}

void multi_rival::run_commands() {
  if (!posted_.exchange(false))
    return;
  std::vector<command> commands;
  {
    const std::lock_guard lock{mutex_};
    commands.swap(commands_);
  }
  for (const auto& c : commands) {
    if (c.is == what::close)
      closing_ = true;
    else if (c.is == what::begin)
      begin(*streams_[c.index]);
    else
      end(*streams_[c.index], false);
  }
}

void multi_rival::collect() {
  int left = 0;
  while (const auto* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    const bool whole = message->data.result == CURLE_OK;
    char* known = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &known);
    end(*reinterpret_cast<stream*>(known), whole);
  }
}

void multi_rival::run() {
  set_up();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  std::array<epoll_event, 64> events;
  while (!closing_) {
    const int ready = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      std::uint64_t count = 0;
      if (event.data.fd == wake_) {
        (void)!read(wake_, &count, sizeof count);
      } else if (event.data.fd == timer_) {
        (void)!read(timer_, &count, sizeof count);
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      } else {
        const int ready_for =
          ((event.events & EPOLLIN) ? CURL_CSELECT_IN : 0)
          | ((event.events & EPOLLOUT) ? CURL_CSELECT_OUT : 0)
          | ((event.events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi_, event.data.fd, ready_for, &running);
        if (hops_)
          hops_->turn();
      }
      run_commands();
      collect();
    }
  }
  for (auto& s : streams_)
    end(*s, false);
  hops_.reset();
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

} // namespace

std::unique_ptr<rival> make_multi_rival(std::string_view name, const load& what,
                                        tally& results) {
  return std::make_unique<multi_rival>(name, what, results);
}

} // namespace penstock::bench
