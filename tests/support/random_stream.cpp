#include "tests/support/random_stream.hpp"

#include <algorithm>

namespace penstock::testing {

random_stream::random_stream(std::uint64_t seed, stream_id id)
  : random_(seed),
    log_(std::make_shared<stream_log>(
      std::make_shared<stream_identity>(stream_identity{"w", id, "m"}),
      event::stream_start{"test:one", "test:one", 1, "{}"})) {}

// Letters of one to four bytes.
std::string random_stream::word() {
  static constexpr const char* letters[] = {"a", "ß", "語", "🚰"};
  std::string text;
  for (auto n = pick(4); n < 4; ++n)
    text += letters[pick(4)];
  return text;
}

void random_stream::open() {
  if (open_.size() == 3)
    return;
  switch (const auto what = static_cast<sort>(pick(4))) {
  case sort::text:
    return open_.push_back({log_->open_text(), what, {}});
  case sort::reasoning:
    return open_.push_back({log_->open_reasoning(), what, {}});
  case sort::refusal:
    return open_.push_back({log_->open_refusal(), what, {}});
  case sort::call:
    const auto number = log_->open_call(
      {"c" + std::to_string(log_->size()), "f", {}, {}, {}, {}, false});
    return open_.push_back({number, what, {}});
  }
}

void random_stream::grow() {
  if (open_.empty())
    return;
  auto& p = open_[pick(open_.size())];
  const auto more = word();
  log_->append(p.number, more);
  if (p.what == sort::call)
    p.input += more;
}

void random_stream::close() {
  if (open_.empty())
    return;
  const auto at =
    open_.begin() + static_cast<std::ptrdiff_t>(pick(open_.size()));
  switch (at->what) {
  case sort::text:
    log_->close_text(at->number, pick(2) == 0);
    break;
  case sort::reasoning:
    log_->close_reasoning(
      at->number, {{}, pick(2) == 0 ? "signed" : "", {}, {}}, pick(2) == 0);
    break;
  case sort::refusal:
    log_->close_refusal(at->number, pick(2) == 0);
    break;
  case sort::call:
    log_->complete_call(at->number, pick(2) == 0 ? at->input : "{}", {}, {});
    calls_.push_back(at->number);
    break;
  }
  open_.erase(at);
}

void random_stream::run_call() {
  if (!running_.empty() && pick(2) == 0) {
    log_->add_result(running_.back(), {"c", "f", "1", false, false, {}});
    running_.pop_back();
  } else if (!calls_.empty()) {
    log_->execution_started(calls_.back());
    running_.push_back(calls_.back());
    calls_.pop_back();
  }
}

// Now and then all from some part on is withdrawn.
void random_stream::retract() {
  const auto numbers = log_->part_numbers(1);
  if (numbers.empty())
    return;
  const auto from = numbers[pick(numbers.size())];
  log_->retract(from);
  std::erase_if(open_, [&](const auto& p) { return p.number >= from; });
  std::erase_if(calls_, [&](auto n) { return n >= from; });
  std::erase_if(running_, [&](auto n) { return n >= from; });
}

void random_stream::write() {
  switch (pick(16)) {
  case 0:
  case 1:
  case 2:
    return open();
  case 3:
  case 4:
    return close();
  case 5:
  case 6:
    return run_call();
  case 7:
    if (pick(3) == 0)
      retract();
    return;
  case 8:
    log_->add_mark(event::step_end{1, {}, {}, {}});
    return;
  case 9:
    log_->add_file({"image/png", word(), {}, {}});
    return;
  case 10:
    log_->add_source({"https://example.org", {}, {}, {}});
    return;
  default:
    return grow();
  }
}

void random_stream::end() {
  while (!open_.empty())
    close();
  log_->terminate(event::stream_end{});
}

} // namespace penstock::testing
