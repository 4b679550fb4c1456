// Writes a stream_log at random, as streams write theirs: parts that alternate,
// tools, retractions, an end.
#pragma once

#include "actors/stream_log.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace penstock::testing {

class random_stream {
public:
  explicit random_stream(std::uint64_t seed, stream_id id = stream_id{7});

  const std::shared_ptr<stream_log>& log() const { return log_; }
  /// One write, any that is allowed now.
  void write();
  /// Closes what is open and ends the stream.
  void end();

private:
  enum class sort { text, reasoning, refusal, call };
  struct open_part {
    std::uint32_t number;
    sort what;
    std::string input;
  };

  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string word();
  void open();
  void grow();
  void close();
  void run_call();
  void retract();

  std::mt19937_64 random_;
  std::shared_ptr<stream_log> log_;
  std::vector<open_part> open_;
  std::vector<std::uint32_t> calls_, running_;
};

} // namespace penstock::testing
