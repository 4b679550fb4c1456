#include "providers/deadline_heap.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

bool deadline_heap::later(const entry& a, const entry& b) noexcept {
  return a.when != b.when ? a.when > b.when : a.id > b.id;
}

deadline_id deadline_heap::arm(steady_time when, function fire) {
  PENSTOCK_CHECK(fire);
  const deadline_id id{++last_id_};
  functions_.emplace(id, std::move(fire));
  heap_.push_back({when, id});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return id;
}

deadline_heap::function deadline_heap::cancel(deadline_id id) {
  const auto found = functions_.find(id);
  if (found == functions_.end())
    return {};
  auto fire = std::move(found->second);
  functions_.erase(found);
  restore_invariant();
  return fire;
}

std::optional<steady_time> deadline_heap::next() const {
  if (heap_.empty())
    return std::nullopt;
  return heap_.front().when;
}

deadline_heap::function deadline_heap::take_due(steady_time now) {
  if (heap_.empty() || heap_.front().when > now)
    return {};
  const auto found = functions_.find(heap_.front().id);
  PENSTOCK_CHECK(found != functions_.end());
  auto fire = std::move(found->second);
  functions_.erase(found);
  pop();
  restore_invariant();
  return fire;
}

std::vector<deadline_heap::function> deadline_heap::take_all() {
  std::vector<function> all;
  all.reserve(functions_.size());
  for (auto& [id, fire] : functions_)
    all.push_back(std::move(fire));
  functions_.clear();
  heap_.clear();
  return all;
}

void deadline_heap::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
}

void deadline_heap::restore_invariant() {
  // A rebuild is linear, but at least as many cancels as entries it drops have
  // gone before it.
  if (heap_.size() > 2 * functions_.size()) {
    std::erase_if(heap_, [this](const entry& e) { return !live(e); });
    std::make_heap(heap_.begin(), heap_.end(), later);
  }
  while (!heap_.empty() && !live(heap_.front()))
    pop();
}

} // namespace penstock
