#include "tests/support/manual_tool_runner.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace penstock::testing {

struct manual_tool_runner::entry {
  blocking_call call;
  done_function done;
  std::stop_source stop;
  bool asked_to_stop = false;
  deadline_id deadline{};
  std::optional<std::stop_callback<std::function<void()>>> link;
};

namespace {

error cancelled() {
  return {errc::aborted, "cancelled"};
}

std::vector<std::string> names_of(const auto& entries) {
  std::vector<std::string> names;
  for (const auto& one : entries)
    names.push_back(one->call.name);
  return names;
}

} // namespace

manual_tool_runner::manual_tool_runner(
  clock& time, std::chrono::milliseconds cancel_grace_ms)
  : clock_(time), cancel_grace_ms_(cancel_grace_ms) {}

manual_tool_runner::~manual_tool_runner() {
  while (!waiting_.empty())
    settle(waiting_.front(), cancelled());
  while (!begun_.empty())
    settle(begun_.front(), cancelled());
}

void manual_tool_runner::run_blocking(blocking_call call, done_function done) {
  PENSTOCK_CHECK(call.function && done);
  if (call.cancelled.stop_requested())
    return done(cancelled());
  const auto one = std::make_shared<entry>();
  const auto token = call.cancelled;
  one->call = std::move(call);
  one->done = std::move(done);
  waiting_.push_back(one);
  one->link.emplace(token, [this, weak = std::weak_ptr{one}] {
    if (const auto it = weak.lock())
      cancel(it);
  });
}

bool manual_tool_runner::begin_next() {
  if (waiting_.empty())
    return false;
  const auto one = waiting_.front();
  waiting_.pop_front();
  begun_.push_back(one);
  give_up_after(one, one->call.timeout_ms);
  return true;
}

bool manual_tool_runner::end_next() {
  if (begun_.empty())
    return false;
  end(begun_.front());
  return true;
}

bool manual_tool_runner::run_next() {
  if (!begin_next())
    return false;
  end(begun_.back());
  return true;
}

std::size_t manual_tool_runner::run_all() {
  std::size_t count = 0;
  while (run_next())
    ++count;
  return count;
}

std::vector<std::string> manual_tool_runner::waiting() const {
  return names_of(waiting_);
}

std::vector<std::string> manual_tool_runner::begun() const {
  return names_of(begun_);
}

void manual_tool_runner::end(const entry_ptr& one) {
  error why;
  try {
    one->call.function(one->stop.get_token());
  } catch (const std::exception& e) {
    why = {errc::tool, one->call.name + " failed: " + e.what()};
  } catch (...) {
    why = {errc::tool, one->call.name + " failed"};
  }
  if (one->done) // Else the function itself moved the clock too far.
    settle(one, one->asked_to_stop ? cancelled() : std::move(why));
}

void manual_tool_runner::cancel(const entry_ptr& one) {
  if (!one->done || one->asked_to_stop)
    return;
  one->asked_to_stop = true;
  if (std::find(waiting_.begin(), waiting_.end(), one) != waiting_.end())
    return settle(one, cancelled());
  clock_.cancel(one->deadline);
  give_up_after(one, cancel_grace_ms_);
  one->stop.request_stop();
}

void manual_tool_runner::give_up_after(const entry_ptr& one,
                                       std::chrono::milliseconds after) {
  one->deadline =
    clock_.arm(clock_.now() + after, [this, weak = std::weak_ptr{one}] {
      const auto it = weak.lock();
      if (!it || !it->done)
        return;
      ++hung_total_;
      auto why = cancelled();
      if (!it->asked_to_stop)
        why = {errc::timeout, it->call.name + " timed out after "
                                + std::to_string(it->call.timeout_ms.count())
                                + " ms"};
      settle(it, std::move(why));
      it->stop.request_stop();
    });
}

void manual_tool_runner::settle(const entry_ptr& which, error why) {
  const auto one = which; // `which` may lie in a queue.
  std::erase(waiting_, one);
  std::erase(begun_, one);
  clock_.cancel(one->deadline);
  std::exchange(one->done, nullptr)(std::move(why));
}

} // namespace penstock::testing
