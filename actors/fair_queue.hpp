// Whose turn it is: a queue that serves its lines in rotation, so that one
// workspace with many waiting attempts does not hold up the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace penstock {

/// Each line is first come, first served; the lines take turns.
///
/// Cost:      O(log lines); `remove` also O(length of the line).
/// Invariant: a line has a turn if and only if somebody waits in it.
template <class T>
class fair_queue {
public:
  bool empty() const noexcept { return turns_.empty(); }
  std::size_t size() const noexcept { return size_; }

  void push(const std::string& line, T what) {
    auto& l = lines_[line];
    if (l.waiting.empty())
      take_turn(line, l);
    l.waiting.push_back(std::move(what));
    ++size_;
  }

  /// Who is served next. Not empty.
  const T& front() const {
    return lines_.at(turns_.begin()->second).waiting.front();
  }

  /// Serves `front`; its line goes behind all others.
  T pop() {
    const auto line = lines_.find(turns_.begin()->second);
    turns_.erase(turns_.begin());
    T what = std::move(line->second.waiting.front());
    line->second.waiting.pop_front();
    if (line->second.waiting.empty())
      lines_.erase(line);
    else
      take_turn(line->first, line->second);
    --size_;
    return what;
  }

  /// @returns whether it was there.
  bool remove(const std::string& line, const T& what) {
    const auto it = lines_.find(line);
    if (it == lines_.end() || std::erase(it->second.waiting, what) == 0)
      return false;
    --size_;
    if (it->second.waiting.empty()) {
      turns_.erase(it->second.turn);
      lines_.erase(it);
    }
    return true;
  }

private:
  struct line_state {
    std::uint64_t turn = 0;
    std::deque<T> waiting;
  };

  void take_turn(const std::string& name, line_state& line) {
    line.turn = ++last_turn_;
    turns_.emplace(line.turn, name);
  }

  std::map<std::string, line_state> lines_;
  std::map<std::uint64_t, std::string> turns_;
  std::uint64_t last_turn_ = 0;
  std::size_t size_ = 0;
};

} // namespace penstock
