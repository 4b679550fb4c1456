// One connection of a loopback server: requests in, scripted answers out.
#pragma once

#include "providers/deadline_heap.hpp"
#include "providers/http_script.hpp"
#include "tools/loopback/byte_channel.hpp"
#include "tools/loopback/request_parser.hpp"
#include "tools/loopback/server_log.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace penstock::loopback {

/// What connections share. All of it outlives them.
struct server_parts {
  deadline_heap& deadlines;
  shared_log& log;
  std::function<http_answer(const http_request&)> answer;
  /// Lets the connection with this socket play its next step.
  std::function<void(int socket)> play;
};

/// Threads: the server's only.
class connection {
public:
  /// @param socket owned from here on. @param mute see server_options.
  connection(int socket, std::unique_ptr<byte_channel> channel, bool mute,
             std::string origin, server_parts& server);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// The socket can be read or written. @returns false if it is over.
  bool move_bytes();
  /// A step of the script is due. @returns false if the connection is over.
  bool play();
  /// Whether there is something to write.
  bool wants_write() const noexcept;

private:
  enum class step { head, piece, end };
  struct answering {
    http_answer answer;
    std::size_t entry = 0; ///< In the log.
    bool head_only = false;
    bool last = false; ///< The connection closes after it.
    step next = step::head;
    std::size_t piece = 0;
    std::size_t repeated = 0;
    steady_time due{};
    deadline_id armed{};
  };

  bool read_all();
  bool write_all();
  bool go_on();
  bool next_request();
  void begin(http_request request);
  void plan(step next, std::chrono::milliseconds delay);
  void plan_next();
  bool play_end();
  bool complete();
  void close(closer by, bool reset);
  std::string head_text() const;

  int socket_;
  std::unique_ptr<byte_channel> channel_;
  bool mute_;
  request_parser parser_;
  server_parts& server_;
  std::size_t entry_ = 0; ///< In the log.
  std::optional<answering> answer_;
  std::string out_;
  std::size_t written_ = 0; ///< Of `out_`.
};

} // namespace penstock::loopback
