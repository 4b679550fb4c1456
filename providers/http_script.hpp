// What a scripted network answers: plain data, played in memory on a virtual
// clock (scripted_http_client) or over real sockets (tools/loopback).
#pragma once

#include "providers/http_client.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Bytes of a body that arrive together: one `on_body`, one send(). So the
/// places where a body is cut are the ends of its pieces.
struct body_piece {
  std::string bytes{};
  /// Since the previous piece was due, or since the head.
  std::chrono::milliseconds delay{0};
  /// Played so often, each time with the delay. For streams without end.
  std::size_t times = 1;
};

/// One HTTP answer with its timing and its faults.
struct http_answer {
  static constexpr auto never = std::chrono::milliseconds::max();

  /// Until the connection stands; `never`: it never does. A real server has
  /// no say in this and plays it as a delay of the head.
  std::chrono::milliseconds connect_delay{0};
  /// From the connection (a real server: the request) to the head; `never`:
  /// the server hangs before it says a word.
  std::chrono::milliseconds head_delay{0};
  int status = 200;
  header_list headers{}; ///< Sent as they are; names in any case.
  std::vector<body_piece> body{};

  enum class ending {
    complete, ///< The whole body has arrived.
    closed,   ///< The connection closes in the middle of the body.
    reset,    ///< RST in the middle of the body.
    stall,    ///< Nothing more comes, for ever.
  } ends = ending::complete;
  std::chrono::milliseconds end_delay{0}; ///< From the last piece.

  /// How the end of the body is told. In memory there is no difference.
  enum class framing {
    chunked,
    length,
    until_close, ///< The server closes; the client cannot see a cut.
    raw, ///< Status and headers are not sent: the pieces are the wire's bytes,
         ///< garbage perhaps. In memory: no answer but a `network` failure.
  } framed = framing::chunked;
};

/// Which requests a rule is for. What is empty matches everything.
struct request_match {
  std::string url_contains{};   ///< Host or path, say.
  std::string model_contains{}; ///< In the body's "model", or in the URL.
  std::string body_contains{};
  std::function<bool(const http_request&)> where{};
  /// Skips so many requests that match all the above: 1 = from the second on.
  std::size_t skip = 0;
  /// Then answers so many and lets the rest go on to later rules.
  std::size_t times = std::numeric_limits<std::size_t>::max();
};

/// Makes an answer from the request and its number, from 0, in its rule.
using answer_maker =
  std::function<http_answer(const http_request&, std::size_t number)>;

/// An ordered list of rules; the first that matches and is not used up answers.
///
/// Threads: one owner at a time.
/// Errors:  a request that no rule answers gets status 400 and a body that
///          says so; it is not retried, so a hole in a script shows.
class http_script {
public:
  http_script() = default;
  /// Answers every request with `always`.
  explicit http_script(http_answer always);

  /// Requests that match get this answer; the first rule that fits decides.
  http_script& on(request_match match, http_answer answer);
  /// The same, made anew for each request.
  http_script& on(request_match match, answer_maker make);
  /// For a test's common case: the n-th request gets the n-th answer, and the
  /// last answers all that follow. @param answers not empty.
  http_script& in_turn(std::vector<http_answer> answers);

  /// What this request gets.
  http_answer answer(const http_request& request);

private:
  struct rule {
    request_match match;
    answer_maker make;
    std::size_t seen = 0;
  };
  std::vector<rule> rules_;
};

/// `body` in pieces of `bytes` bytes (> 0), the last one shorter.
std::vector<body_piece>
cut_evenly(std::string_view body, std::size_t bytes,
           std::chrono::milliseconds between = std::chrono::milliseconds{0});

/// `body` cut at the given offsets, which ascend; those behind its end count
/// as its end.
std::vector<body_piece> cut_at(std::string_view body,
                               const std::vector<std::size_t>& offsets);

} // namespace penstock
