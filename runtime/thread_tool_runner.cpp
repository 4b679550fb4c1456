#include "runtime/thread_tool_runner.hpp"

#include "runtime/tool_pool.hpp"

#include <utility>

namespace penstock {

thread_tool_runner::thread_tool_runner(clock& time, tool_thread_options options)
  : handlers_(std::make_shared<tool_pool>(time, options)),
    others_(std::make_shared<tool_pool>(time, options)) {}

thread_tool_runner::~thread_tool_runner() {
  close();
}

bool thread_tool_runner::is_own_thread() const {
  return handlers_->is_own_thread() || others_->is_own_thread();
}

void thread_tool_runner::excuse_caller() {
  handlers_->excuse_caller();
  others_->excuse_caller();
}

bool thread_tool_runner::close() {
  const bool handlers = handlers_->close();
  return others_->close() && handlers;
}

void thread_tool_runner::run_blocking(blocking_call call, done_function done) {
  auto& pool = call.of == blocking_call::kind::handler ? *handlers_ : *others_;
  pool.run(std::move(call), std::move(done));
}

tool_thread_counts thread_tool_runner::counts() const {
  auto all = handlers_->counts();
  const auto others = others_->counts();
  all.threads += others.threads;
  all.busy += others.busy;
  all.hung += others.hung;
  all.queued += others.queued;
  all.hung_total += others.hung_total;
  return all;
}

} // namespace penstock
