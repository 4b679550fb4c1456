#include "providers/scripted_http_client.hpp"

#include "messages/check.hpp"
#include "providers/http_request_check.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace penstock {

namespace {

// A script may say `never` or other absurdly long delays.
steady_time later(steady_time from, std::chrono::milliseconds delay) {
  const auto room =
    std::chrono::floor<std::chrono::milliseconds>(steady_time::max() - from);
  return delay < room ? from + delay : steady_time::max();
}

http_response_head head_of(const http_answer& answer) {
  http_response_head head{answer.status, answer.headers};
  for (auto& [name, value] : head.headers)
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  return head;
}

} // namespace

/// Plays the transfers. Every deadline holds it weakly, so a clock may outlive
/// it with deadlines armed.
class scripted_http_client::player
  : public std::enable_shared_from_this<player> {
public:
  player(clock& time, http_script script)
    : time_(time), script_(std::move(script)) {}

  transfer_id start(http_request request,
                    std::shared_ptr<http_listener> listener);
  void cancel(transfer_id id);
  void resume(transfer_id id);
  void end_all();

  void change_script(const std::function<void(http_script&)>& change) {
    const std::lock_guard lock{mutex_};
    change(script_);
  }
  std::vector<transfer_record> records() const;
  std::size_t running() const {
    const std::lock_guard lock{mutex_};
    return transfers_.size();
  }
  void keep_records(bool keep) {
    const std::lock_guard lock{mutex_};
    keep_records_ = keep;
  }

private:
  /// What the next deadline of a transfer does.
  enum class step { connect, refuse, give_up, head, piece, end, abort };

  struct transfer {
    transfer_record record;
    std::shared_ptr<http_listener> listener;
    http_answer answer;
    std::optional<error> refused; ///< By check_request.
    std::size_t piece = 0;        ///< Index in `answer.body`.
    std::size_t repeated = 0;     ///< Plays of that piece so far.
    bool paused = false;
    bool cancelled = false;
    step next = step::connect;
    steady_time due{};   ///< Of `next`.
    deadline_id armed{}; ///< None while paused, calling, or for ever silent.
  };

  // All of these with the lock held.
  void plan(transfer& t, step next, std::chrono::milliseconds delay);
  void plan_connection(transfer& t);
  void plan_body(transfer& t);
  void arm(transfer& t);
  transfer* find(transfer_id id);

  void take_step(transfer_id id);
  void connect(transfer& t, std::unique_lock<std::mutex>& lock);
  void deliver_piece(transfer& t, std::unique_lock<std::mutex>& lock);
  void end(transfer& t, error why, std::unique_lock<std::mutex>& lock);
  error end_of(const transfer& t) const;

  /// Calls a listener without the lock. `t` stays: only the clock's thread
  /// and the destructor, which waits for `calling_`, remove transfers.
  template <class Call>
  void call(std::unique_lock<std::mutex>& lock, Call call);

  clock& time_;
  mutable std::mutex mutex_; ///< Guards all below.
  http_script script_;
  std::map<transfer_id, transfer> transfers_; ///< The running ones.
  std::map<transfer_id, transfer_record> ended_;
  std::uint64_t last_id_ = 0;
  bool keep_records_ = true;
  bool closed_ = false; ///< No listener is called any more, but by `end_all`.
  std::optional<std::thread::id> calling_; ///< Who is inside a listener.
  std::condition_variable call_returned_;
};

// ---- commands ---------------------------------------------------------------

transfer_id
scripted_http_client::player::start(http_request request,
                                    std::shared_ptr<http_listener> listener) {
  PENSTOCK_CHECK(listener);
  const std::lock_guard lock{mutex_};
  const transfer_id id{++last_id_};
  auto& t = transfers_[id];
  t.listener = std::move(listener);
  t.refused = check_request(request);
  t.record.id = id;
  t.record.request = std::move(request);
  t.record.started = t.due = time_.now();
  if (t.refused) {
    plan(t, step::refuse, {});
  } else {
    t.answer = script_.answer(t.record.request);
    plan_connection(t);
  }
  return id;
}

void scripted_http_client::player::cancel(transfer_id id) {
  const std::lock_guard lock{mutex_};
  auto* t = find(id);
  if (!t || t->cancelled)
    return;
  t->cancelled = true;
  time_.cancel(t->armed);
  t->due = time_.now();
  plan(*t, step::abort, {});
}

// The pause may be under way: a listener can have handed its bytes on, and got
// this call for them, before its `on_body` returns. On the clock's thread that
// call is over.
void scripted_http_client::player::resume(transfer_id id) {
  time_.arm(time_.now(), [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    if (!self)
      return;
    const std::lock_guard lock{self->mutex_};
    auto* t = self->find(id);
    if (!t || !t->paused)
      return;
    t->paused = false;
    ++t->record.resumes;
    self->arm(*t);
  });
}

void scripted_http_client::player::end_all() {
  std::unique_lock lock{mutex_};
  PENSTOCK_CHECK(calling_ != std::this_thread::get_id());
  closed_ = true;
  call_returned_.wait(lock, [this] { return !calling_; });
  while (!transfers_.empty()) {
    auto& t = transfers_.begin()->second;
    time_.cancel(t.armed);
    end(t, {errc::aborted, "the HTTP client is closing"}, lock);
  }
}

// ---- what comes next --------------------------------------------------------

void scripted_http_client::player::plan(transfer& t, step next,
                                        std::chrono::milliseconds delay) {
  t.next = next;
  t.due = later(t.due, delay);
  arm(t);
}

// From the previous due time, not from now: a script keeps its pace.
void scripted_http_client::player::arm(transfer& t) {
  t.armed = deadline_id{};
  if (t.paused && !t.cancelled)
    return;
  if (t.due == steady_time::max())
    return; // For ever silent: only `cancel` ends it.
  t.armed = time_.arm(std::max(t.due, time_.now()),
                      [weak = weak_from_this(), id = t.record.id] {
                        if (const auto self = weak.lock())
                          self->take_step(id);
                      });
}

void scripted_http_client::player::plan_connection(transfer& t) {
  const auto limit = t.record.request.connect_timeout;
  const auto takes = t.answer.connect_delay;
  if (limit.count() > 0 && takes > limit)
    plan(t, step::give_up, limit);
  else
    plan(t, step::connect, takes);
}

void scripted_http_client::player::plan_body(transfer& t) {
  const auto& body = t.answer.body;
  while (t.piece < body.size() && t.repeated >= body[t.piece].times) {
    ++t.piece;
    t.repeated = 0;
  }
  if (t.piece < body.size())
    plan(t, step::piece, body[t.piece].delay);
  else if (t.answer.ends == http_answer::ending::stall)
    plan(t, step::end, http_answer::never);
  else
    plan(t, step::end, t.answer.end_delay);
}

scripted_http_client::player::transfer*
scripted_http_client::player::find(transfer_id id) {
  const auto found = transfers_.find(id);
  return found == transfers_.end() ? nullptr : &found->second;
}

// ---- listener calls, on the clock's thread ----------------------------------

template <class Call>
void scripted_http_client::player::call(std::unique_lock<std::mutex>& lock,
                                        Call call) {
  calling_ = std::this_thread::get_id();
  lock.unlock();
  call();
  lock.lock();
  calling_.reset();
  call_returned_.notify_all();
}

void scripted_http_client::player::take_step(transfer_id id) {
  std::unique_lock lock{mutex_};
  auto* t = find(id);
  if (closed_ || !t)
    return;
  const auto limit = t->record.request.connect_timeout;
  switch (t->cancelled ? step::abort : t->next) {
  case step::connect:
    return connect(*t, lock);
  case step::refuse:
    return end(*t, std::move(*t->refused), lock);
  case step::give_up:
    return end(*t,
               {errc::timeout, host_and_port(t->record.request.url)
                                 + ": no connection within connect_timeout_ms ("
                                 + std::to_string(limit.count()) + " ms)"},
               lock);
  case step::head:
    t->record.answered = true;
    call(lock, [&] { t->listener->on_response(head_of(t->answer)); });
    if (!t->cancelled)
      plan_body(*t);
    return;
  case step::piece:
    return deliver_piece(*t, lock);
  case step::end:
    return end(*t, end_of(*t), lock);
  case step::abort:
    return end(*t, {errc::aborted, "cancelled"}, lock);
  }
}

void scripted_http_client::player::connect(transfer& t,
                                           std::unique_lock<std::mutex>& lock) {
  t.record.connected = true;
  call(lock, [&] { t.listener->on_connected(); });
  if (t.cancelled)
    return; // From inside the call: `abort` is planned.
  const bool garbage = t.answer.framed == http_answer::framing::raw;
  plan(t, garbage ? step::end : step::head, t.answer.head_delay);
}

void scripted_http_client::player::deliver_piece(
  transfer& t, std::unique_lock<std::mutex>& lock) {
  const std::string& bytes = t.answer.body[t.piece].bytes;
  bool go_on = true;
  t.record.body_bytes += bytes.size();
  if (!bytes.empty())
    call(lock, [&] { go_on = t.listener->on_body(bytes); });
  if (t.cancelled)
    return;
  ++t.repeated;
  t.paused = !go_on;
  t.record.pauses += go_on ? 0 : 1;
  plan_body(t);
}

error scripted_http_client::player::end_of(const transfer& t) const {
  const auto host = host_and_port(t.record.request.url);
  if (t.answer.framed == http_answer::framing::raw)
    return {errc::network, host + ": the answer is not HTTP"};
  switch (t.answer.ends) {
  case http_answer::ending::closed:
    return {errc::network, host + ": connection closed in the body"};
  case http_answer::ending::reset:
    return {errc::network, host + ": connection reset by peer"};
  case http_answer::ending::complete:
  case http_answer::ending::stall:
    break;
  }
  return {};
}

void scripted_http_client::player::end(transfer& t, error why,
                                       std::unique_lock<std::mutex>& lock) {
  t.record.ended = why;
  t.record.ended_at = time_.now();
  auto node = transfers_.extract(t.record.id);
  auto& ended = node.mapped();
  if (keep_records_)
    ended_.emplace(ended.record.id, std::move(ended.record));
  call(lock, [&] {
    ended.listener->on_end(std::move(why));
    ended.listener.reset(); // Its destructor, too, may call the client.
  });
}

std::vector<transfer_record> scripted_http_client::player::records() const {
  const std::lock_guard lock{mutex_};
  auto all = ended_;
  for (const auto& [id, t] : transfers_)
    all.emplace(id, t.record);
  std::vector<transfer_record> list;
  for (auto& [id, record] : all)
    list.push_back(std::move(record));
  return list;
}

// ---- the client -------------------------------------------------------------

scripted_http_client::scripted_http_client(clock& time, http_script script)
  : player_(std::make_shared<player>(time, std::move(script))) {}

scripted_http_client::~scripted_http_client() {
  player_->end_all();
}

transfer_id
scripted_http_client::start(http_request request,
                            std::shared_ptr<http_listener> listener) {
  return player_->start(std::move(request), std::move(listener));
}
void scripted_http_client::cancel(transfer_id id) {
  player_->cancel(id);
}
void scripted_http_client::resume(transfer_id id) {
  player_->resume(id);
}
void scripted_http_client::change_script(
  const std::function<void(http_script&)>& change) {
  player_->change_script(change);
}
std::vector<transfer_record> scripted_http_client::records() const {
  return player_->records();
}
std::size_t scripted_http_client::running() const {
  return player_->running();
}
void scripted_http_client::keep_records(bool keep) {
  player_->keep_records(keep);
}

} // namespace penstock
