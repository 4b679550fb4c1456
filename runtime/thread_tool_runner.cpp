#include "runtime/thread_tool_runner.hpp"

#include "runtime/tool_pool.hpp"

#include <utility>

namespace penstock {

thread_tool_runner::thread_tool_runner(clock& time, tool_thread_options options)
  : pool_(std::make_shared<tool_pool>(time, options)) {}

thread_tool_runner::~thread_tool_runner() {
  close();
}

bool thread_tool_runner::excuse_caller() {
  return pool_->excuse_caller();
}

bool thread_tool_runner::close() {
  return pool_->close();
}

void thread_tool_runner::run_blocking(blocking_call call, done_function done) {
  pool_->run(std::move(call), std::move(done));
}

tool_thread_counts thread_tool_runner::counts() const {
  return pool_->counts();
}

} // namespace penstock
