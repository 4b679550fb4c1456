// What the way over two actors costs by itself: the runtime's path without the
// runtime's work.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace penstock::bench {

class tally;

/// A pair of actors for each stream, run on the thread that reads, as PROVIDER
/// and WORKSPACE are (decisions 0071 and 0079): the first is told of the bytes,
/// and tells the second, which counts them.
///
/// Threads: the one that made it, all members.
class bare_hops {
public:
  bare_hops(std::size_t streams, tally& results);
  ~bare_hops();

  void send(std::size_t index, std::string_view bytes);
  /// Runs the actors that `send` has woken; not inside of a callback of theirs.
  void turn();

private:
  struct world;
  const std::unique_ptr<world> world_;
};

} // namespace penstock::bench
