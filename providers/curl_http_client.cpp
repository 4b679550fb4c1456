#include "providers/curl_http_client.hpp"

#include "messages/check.hpp"
#include "providers/ca_file_check.hpp"
#include "providers/curl_http_client_shard.hpp"
#include "providers/curl_http_client_transfer.hpp"
#include "providers/named_thread.hpp"
#include "providers/owned_fd.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <fcntl.h>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace penstock {

namespace {

constexpr std::size_t buffer_bytes_min = 1'024;
constexpr std::size_t buffer_bytes_max = 1u << 20;
/// Of sockets that are ready, at how many a time the memory is asked for.
constexpr std::size_t fetched_ahead = 3;

/// libcurl counts its users by itself, but only newer ones do it under a lock.
class curl_user {
public:
  curl_user() {
    const std::lock_guard lock{mutex()};
    good_ = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  }
  ~curl_user() {
    const std::lock_guard lock{mutex()};
    if (good_)
      curl_global_cleanup();
  }
  curl_user(const curl_user&) = delete;
  curl_user& operator=(const curl_user&) = delete;
  bool good() const noexcept { return good_; }

  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }

private:
  bool good_;
};

struct start_command {
  transfer_id id;
  http_request request;
  std::shared_ptr<http_listener> listener;
};
struct cancel_command {
  transfer_id id;
};
struct resume_command {
  transfer_id id;
};
struct close_command {};
using command =
  std::variant<start_command, cancel_command, resume_command, close_command>;

/// Commands come in through a queue; all of libcurl is touched by the loop's
/// thread only, and never from inside one of libcurl's callbacks.
class curl_http_client final : public http_client {
public:
  explicit curl_http_client(curl_options options)
    : options_(std::move(options)) {}
  ~curl_http_client() override;

  expected<void> run();

  transfer_id start(http_request request,
                    std::shared_ptr<http_listener> listener) override;
  void cancel(transfer_id id) override { post(cancel_command{id}); }
  void resume(transfer_id id) override { post(resume_command{id}); }

private:
  struct entry {
    std::unique_ptr<curl_transfer> transfer;
    curl_shard* shard;
  };

  void post(command what); // Any thread.

  // All below on the loop's thread.
  void loop();
  void run_commands();
  void run_timers();
  void arm_timer();
  void fetch(int fd) const;
  void take_event(int fd, std::uint32_t events);
  void settle();
  void end_all();

  void on(start_command& what);
  void on(cancel_command& what);
  void on(resume_command& what);
  void on(close_command&) { closing_ = true; }

  curl_shard* shard_with_room();
  void collect_ended(curl_shard& shard);
  void end(transfer_id id, error why);
  void flush_neighbour(const curl_transfer& removed);

  const curl_user user_; ///< First in, last out.
  const curl_options options_;
  const owned_fd epoll_{epoll_create1(EPOLL_CLOEXEC)};
  const owned_fd wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const owned_fd timer_{
    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};

  std::atomic<std::uint64_t> last_id_{0};
  std::mutex mutex_; ///< Guards `commands_`.
  std::vector<command> commands_;
  std::atomic<bool> posted_{false}; ///< Whether `commands_` has any: a hint
                                    ///< that is cheap to look at.

  curl_body_gather gather_{options_.buffer_bytes};
  curl_sockets sockets_{epoll_.get()};
  std::vector<std::unique_ptr<curl_shard>> shards_;
  std::unordered_map<transfer_id, entry> transfers_;
  std::optional<steady_time> armed_; ///< What `timer_` is set to.
  bool closing_ = false;
  std::thread thread_;
};

curl_http_client::~curl_http_client() {
  // A listener that drops the last reference would wait for itself.
  PENSTOCK_CHECK(thread_.get_id() != std::this_thread::get_id());
  if (!thread_.joinable())
    return;
  post(close_command{});
  thread_.join();
}

expected<void> curl_http_client::run() {
  if (!user_.good())
    return fail(errc::internal, "libcurl cannot be initialised");
  if (epoll_.get() < 0 || wake_.get() < 0 || timer_.get() < 0)
    return fail(errc::internal,
                "no file descriptor left for the HTTP client (ulimit -n)");
  for (const auto fd : {wake_.get(), timer_.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      return fail(errc::internal, "epoll refuses a descriptor");
  }
  auto thread = start_named_thread("penstock-http", [this] { loop(); });
  if (!thread)
    return fail(std::move(thread.error()));
  thread_ = std::move(*thread);
  return {};
}

// ---- any thread -------------------------------------------------------------

transfer_id curl_http_client::start(http_request request,
                                    std::shared_ptr<http_listener> listener) {
  PENSTOCK_CHECK(listener);
  const transfer_id id{++last_id_};
  post(start_command{id, std::move(request), std::move(listener)});
  return id;
}

void curl_http_client::post(command what) {
  {
    const std::lock_guard lock{mutex_};
    commands_.push_back(std::move(what));
    if (posted_.exchange(true))
      return; // The loop has been told, and has not looked yet.
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
}

// ---- the loop ---------------------------------------------------------------

void curl_http_client::loop() {
  std::array<epoll_event, 64> events;
  if (options_.companion)
    options_.companion->begin();
  while (!closing_) {
    arm_timer();
    const auto ready = epoll_wait(epoll_.get(), events.data(),
                                  static_cast<int>(events.size()), -1);
    const auto count = static_cast<std::size_t>(std::max(ready, 0));
    for (std::size_t i = 0; i < std::min(count, fetched_ahead); ++i)
      fetch(events[i].data.fd);
    // One turn over busy sockets can take 100 ms. A cancel does not wait.
    for (std::size_t i = 0; i < count && !closing_; ++i) {
      if (i + fetched_ahead < count)
        fetch(events[i + fetched_ahead].data.fd);
      take_event(events[i].data.fd, events[i].events);
      settle();
    }
    run_timers();
    settle();
  }
  end_all();
  if (options_.companion)
    options_.companion->end();
}

// The companion may give commands, and a command may call listeners; what is
// left when this returns has its own wake-up.
void curl_http_client::settle() {
  run_commands();
  if (options_.companion)
    options_.companion->turn();
  run_commands();
}

// What the event of a socket will need (messages/footprint.hpp).
void curl_http_client::fetch(int fd) const {
  if (const auto* const socket = sockets_.find(fd))
    socket->way.fetch();
}

void curl_http_client::take_event(int fd, std::uint32_t events) {
  std::uint64_t count = 0;
  if (fd == wake_.get() || fd == timer_.get()) {
    [[maybe_unused]] const auto taken = read(fd, &count, sizeof count);
    if (fd == timer_.get())
      armed_.reset();
  } else if (auto* const socket = sockets_.find(fd); socket && socket->owner) {
    const footprint::recording noted{socket->way};
    auto& shard = *socket->owner; // Of the event; the socket may go in it.
    shard.run_socket(fd, events);
    collect_ended(shard);
  }
}

void curl_http_client::run_commands() {
  if (!posted_.load(std::memory_order_relaxed))
    return;
  std::vector<command> batch;
  {
    const std::lock_guard lock{mutex_};
    batch.swap(commands_);
    posted_ = false;
  }
  for (auto& c : batch)
    std::visit([this](auto& what) { on(what); }, c);
}

void curl_http_client::run_timers() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& shard : shards_)
    if (shard->due() && *shard->due() <= now) {
      shard->run_timers();
      collect_ended(*shard);
    }
}

// A timer that is set too early wakes the loop once for nothing; that is
// cheaper than to set it anew whenever libcurl moves its deadline.
void curl_http_client::arm_timer() {
  std::optional<steady_time> earliest;
  for (const auto& shard : shards_)
    if (shard->due() && (!earliest || *shard->due() < *earliest))
      earliest = shard->due();
  if (!earliest || (armed_ && *armed_ <= *earliest))
    return;
  armed_ = earliest;
  const auto since_boot = earliest->time_since_epoch();
  const auto s = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(s.count());
  spec.it_value.tv_nsec =
    static_cast<long>(std::chrono::nanoseconds{since_boot - s}.count());
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

// Listeners may post more commands while they hear of the end.
void curl_http_client::end_all() {
  for (;;) {
    while (!transfers_.empty())
      end(transfers_.begin()->first,
          {errc::aborted, "the HTTP client is closing"});
    if (!posted_)
      break;
    run_commands();
  }
  // While it closes what is idle, libcurl ignores SIGPIPE for the process and
  // puts back what it found: two at once would leave it ignored.
  const std::lock_guard one_at_a_time{curl_user::mutex()};
  shards_.clear();
}

// ---- commands ---------------------------------------------------------------

void curl_http_client::on(start_command& what) {
  const auto id = what.id;
  auto transfer =
    std::make_unique<curl_transfer>(id, std::move(what.listener), gather_);
  if (auto wrong = transfer->prepare(std::move(what.request), options_))
    return transfer->end(std::move(*wrong));
  auto* const shard = shard_with_room();
  if (!shard || !shard->add(*transfer))
    return transfer->end(
      {errc::internal, "libcurl has no room for the transfer"});
  transfers_.emplace(id, entry{std::move(transfer), shard});
}

void curl_http_client::on(cancel_command& what) {
  const auto found = transfers_.find(what.id);
  if (found == transfers_.end())
    return;
  const auto [transfer, shard] = std::move(found->second);
  transfers_.erase(found);
  transfer->give_up_connection();
  shard->remove(*transfer);
  if (transfer->may_share_connection())
    flush_neighbour(*transfer);
  transfer->end({errc::aborted, "cancelled"});
}

// From 7.88 to 8.14 libcurl keeps the RST_STREAM of a removed transfer until
// something else happens on the connection (curl issue 17611), and the
// provider goes on generating. A connection without neighbours was closed.
void curl_http_client::flush_neighbour(const curl_transfer& removed) {
  curl_transfer* neighbour = nullptr;
  for (const auto& [id, other] : transfers_)
    if (other.transfer->shares_connection_with(removed)) {
      neighbour = other.transfer.get();
      if (neighbour->answered())
        break; // Its stream is open for sure.
    }
  if (neighbour)
    neighbour->flush_connection();
}

void curl_http_client::on(resume_command& what) {
  const auto found = transfers_.find(what.id);
  if (found == transfers_.end())
    return;
  found->second.transfer->resume();
  collect_ended(*found->second.shard);
}

// The first with room, so that connections are shared where they can be.
curl_shard* curl_http_client::shard_with_room() {
  for (const auto& shard : shards_)
    if (shard->running() < options_.transfers_per_multi_max)
      return shard.get();
  auto made = curl_shard::make(sockets_, options_);
  if (!made)
    return nullptr;
  return shards_.emplace_back(std::move(made)).get();
}

void curl_http_client::collect_ended(curl_shard& shard) {
  gather_.flush();
  CURLcode result = CURLE_OK;
  while (const auto* const ended = shard.next_ended(result))
    end(ended->id(), ended->error_of(result));
}

void curl_http_client::end(transfer_id id, error why) {
  auto node = transfers_.extract(id);
  if (node.empty())
    return;
  const auto [transfer, shard] = std::move(node.mapped());
  shard->remove(*transfer); // Closes first: the peer learns it at once.
  transfer->end(std::move(why));
}

} // namespace

expected<std::unique_ptr<http_client>>
make_curl_http_client(curl_options options) {
  if (options.buffer_bytes < buffer_bytes_min
      || options.buffer_bytes > buffer_bytes_max)
    return fail(errc::invalid_request, "buffer_bytes must be 1024 to 1048576");
  if (options.transfers_per_multi_max == 0)
    return fail(errc::invalid_request,
                "transfers_per_multi_max must be at least 1");
  if (!options.ca_file.empty())
    if (auto fault = fault_of_ca_file(options.ca_file))
      return fail(std::move(*fault));
  auto client = std::make_unique<curl_http_client>(std::move(options));
  if (auto running = client->run(); !running)
    return fail(std::move(running.error()));
  return client;
}

} // namespace penstock
