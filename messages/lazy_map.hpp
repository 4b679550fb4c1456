// A map for what is empty most of the time.
#pragma once

#include <map>
#include <memory>
#include <utility>

namespace penstock {

/// The part of std::map that is needed, in the room of a pointer while it is
/// empty.
///
/// Threads: as std::map.
template <class Key, class Value>
class lazy_map {
  using map = std::map<Key, Value>;

public:
  /// Of std::map.
  using node_type = typename map::node_type;

  /// Whether there is none.
  bool empty() const noexcept { return all_ == nullptr; }
  /// Whether there is one of this key.
  bool contains(const Key& key) const { return all_ && all_->contains(key); }
  /// Null if there is none. Lives until it is taken out.
  Value* find(const Key& key) {
    if (!all_)
      return nullptr;
    const auto it = all_->find(key);
    return it == all_->end() ? nullptr : &it->second;
  }
  /// The first that `fits`; null if none does.
  template <class Predicate>
  Value* find_if(Predicate fits) {
    if (all_)
      for (auto& [key, value] : *all_)
        if (fits(value))
          return &value;
    return nullptr;
  }
  /// As of std::map: makes one where there is none.
  Value& operator[](const Key& key) {
    if (!all_)
      all_ = std::make_unique<map>();
    return (*all_)[key];
  }
  /// An empty node if there is none.
  node_type extract(const Key& key) {
    auto node = all_ ? all_->extract(key) : node_type{};
    if (all_ && all_->empty())
      all_.reset();
    return node;
  }
  /// Drops it, if there is one.
  void erase(const Key& key) { (void)extract(key); }
  /// All of them, and none is left.
  map take() { return all_ ? std::move(*std::exchange(all_, nullptr)) : map{}; }

private:
  std::unique_ptr<map> all_; ///< Null or not empty.
};

} // namespace penstock
