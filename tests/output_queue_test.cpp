// Goal: output arrives whole and in order; a reader who does not read holds up
// the writer's thread alone, and one who leaves is noticed at once.
// Method: pipes that are read late, never, or closed; events with a deadline.
#define BOOST_TEST_MODULE output_queue
#include <boost/test/unit_test.hpp>

#include "tools/output_queue.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <future>
#include <string>
#include <unistd.h>
#include <utility>

using penstock::cli::output_queue;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

struct pipe_ends {
  pipe_ends() {
    std::signal(SIGPIPE, SIG_IGN);
    BOOST_REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  }
  ~pipe_ends() {
    close_reader();
    ::close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0)
      ::close(std::exchange(ends[0], -1));
  }
  int in() const { return ends[1]; }
  std::string read_bytes(std::size_t count) const {
    std::string all;
    char piece[4096];
    while (all.size() < count) {
      const auto n = ::read(ends[0], piece, sizeof piece);
      if (n <= 0)
        break;
      all.append(piece, static_cast<std::size_t>(n));
    }
    return all;
  }
  int ends[2];
};

/// More than any pipe holds.
const std::string much(4u << 20, 'x');

} // namespace

BOOST_AUTO_TEST_CASE(bytes_arrive_at_once_and_in_order) {
  pipe_ends p;
  output_queue q{p.in(), nullptr};
  q.write(p.in(), "one ");
  BOOST_TEST(p.read_bytes(4) == "one ");
  q.write(p.in(), "two ");
  q.write(p.in(), "three");
  BOOST_TEST(p.read_bytes(9) == "two three");
  BOOST_TEST(q.flush());
  BOOST_TEST(q.failure() == 0);
}

BOOST_AUTO_TEST_CASE(more_than_a_pipe_holds_arrives_whole) {
  pipe_ends p;
  output_queue q{p.in(), nullptr};
  auto reader =
    std::async(std::launch::async, [&] { return p.read_bytes(much.size()); });
  for (std::size_t at = 0; at < much.size(); at += 10'000)
    q.write(p.in(), much.substr(at, 10'000));
  BOOST_TEST(q.flush());
  BOOST_TEST((reader.get() == much));
}

BOOST_AUTO_TEST_CASE(a_reader_who_does_not_read_holds_up_the_writer) {
  pipe_ends p;
  output_queue q{p.in(), nullptr, 1'000};
  q.write(p.in(), much);
  auto blocked = std::async(std::launch::async, [&] { q.write(p.in(), "y"); });
  BOOST_TEST((blocked.wait_for(50ms) == std::future_status::timeout));
  BOOST_TEST((p.read_bytes(much.size()) == much));
  BOOST_TEST((blocked.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(p.read_bytes(1) == "y");
}

BOOST_AUTO_TEST_CASE(in_a_hurry_nobody_waits_for_the_reader) {
  // The queue's thread is left behind in the middle of a write: the number of
  // its descriptor must not become that of another test's.
  static const auto* const outlives_the_thread = new pipe_ends;
  const auto& p = *outlives_the_thread;
  output_queue q{p.in(), nullptr, 1'000};
  q.write(p.in(), much);
  auto blocked = std::async(std::launch::async, [&] {
    q.write(p.in(), much);
    return q.flush();
  });
  q.hurry(20ms);
  BOOST_REQUIRE((blocked.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(!blocked.get());
  BOOST_TEST(q.failure() == 0);
}

BOOST_AUTO_TEST_CASE(a_reader_who_leaves_is_noticed_while_nothing_is_written) {
  pipe_ends p;
  std::promise<int> failed;
  output_queue q{p.in(), [&](int number) { failed.set_value(number); }};
  p.close_reader();
  auto number = failed.get_future();
  BOOST_REQUIRE((number.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(number.get() == EPIPE);
  q.write(p.in(), "in vain");
  BOOST_TEST(!q.flush());
  BOOST_TEST(q.failure() == EPIPE);
}

BOOST_AUTO_TEST_CASE(a_reader_who_leaves_sets_a_blocked_writer_free) {
  pipe_ends p;
  output_queue q{p.in(), nullptr, 1'000};
  q.write(p.in(), much);
  auto blocked = std::async(std::launch::async, [&] {
    q.write(p.in(), much);
    return q.flush();
  });
  p.close_reader();
  BOOST_REQUIRE((blocked.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(!blocked.get());
}

BOOST_AUTO_TEST_CASE(notes_that_nobody_reads_do_not_end_the_output) {
  pipe_ends p, notes;
  std::atomic<int> failures = 0;
  output_queue q{p.in(), [&](int) { ++failures; }, 1'000};
  notes.close_reader();
  q.write(notes.in(), much); // More than may wait, if it did.
  q.write(p.in(), "one ");
  q.write(notes.in(), much);
  q.write(p.in(), "two");
  BOOST_TEST(p.read_bytes(7) == "one two");
  BOOST_TEST(q.flush());
  BOOST_TEST(q.failure() == 0);
  BOOST_TEST(failures == 0);
  p.close_reader();
  q.write(p.in(), "three");
  BOOST_TEST(!q.flush());
  BOOST_TEST(q.failure() == EPIPE);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_a_failure) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  BOOST_REQUIRE(full >= 0);
  {
    output_queue q{full, nullptr};
    q.write(full, "x");
    BOOST_TEST(!q.flush());
    BOOST_TEST(q.failure() == ENOSPC);
  }
  close(full);
}
