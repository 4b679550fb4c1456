#include "tools/loopback/connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace penstock::loopback {

namespace {

using ending = http_answer::ending;
using framing = http_answer::framing;

/// Of requests that come while an answer is under way.
constexpr std::size_t pipelined_bytes_max = 1u << 20;

steady_time now() {
  return std::chrono::steady_clock::now();
}

std::string hex(std::size_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), value, 16).ptr;
  return {digits.begin(), end};
}

bool closes(const http_request& request) {
  const auto* value = find_header(request.headers, "connection");
  return value && *value == "close";
}

std::size_t body_bytes(const http_answer& answer) {
  std::size_t sum = 0;
  for (const auto& piece : answer.body)
    sum += piece.bytes.size() * piece.times;
  return sum;
}

} // namespace

connection::connection(int socket, std::unique_ptr<byte_channel> channel,
                       bool mute, std::string origin, server_parts& server)
  : socket_(socket), channel_(std::move(channel)), mute_(mute),
    parser_(std::move(origin)), server_(server) {
  entry_ = server_.log.change([](server_log& log) {
    log.connections.push_back({now(), {}, closer::nobody, false});
    return log.connections.size() - 1;
  });
}

connection::~connection() {
  if (socket_ >= 0)
    close(closer::server, false);
}

// ---- bytes ------------------------------------------------------------------

bool connection::wants_write() const noexcept {
  return written_ < out_.size() || channel_->read_waits_for_write();
}

bool connection::move_bytes() {
  return read_all() && write_all() && go_on();
}

// Reads also while an answer is under way: that is how a close is seen.
bool connection::read_all() {
  std::array<char, 16384> buffer;
  while (parser_.buffered() < pipelined_bytes_max || !answer_) {
    const auto got = channel_->read(buffer);
    switch (got.how) {
    case byte_channel::state::again:
      return true;
    case byte_channel::state::moved:
      if (!mute_)
        parser_.push({buffer.data(), got.bytes});
      break;
    case byte_channel::state::ended:
      close(closer::peer, false);
      return false;
    case byte_channel::state::broken:
      close(closer::peer, true);
      return false;
    }
    if (!answer_ && parser_.buffered() >= pipelined_bytes_max)
      return true; // A large request: the rest in the next turn.
  }
  return true;
}

bool connection::write_all() {
  std::size_t sum = 0;
  auto how = byte_channel::state::moved;
  while (written_ < out_.size() && how == byte_channel::state::moved) {
    const auto sent = channel_->write(std::string_view{out_}.substr(written_));
    how = sent.how;
    written_ += sent.bytes;
    sum += sent.bytes;
  }
  if (sum > 0 && answer_)
    server_.log.change(
      [&](server_log& log) { log.answers[answer_->entry].bytes_sent += sum; });
  if (how == byte_channel::state::ended || how == byte_channel::state::broken) {
    close(closer::peer, true);
    return false;
  }
  if (written_ == out_.size()) {
    out_.clear();
    written_ = 0;
  }
  return true;
}

// What follows when nothing is left to write.
bool connection::go_on() {
  if (!out_.empty())
    return true;
  if (!answer_)
    return next_request();
  if (answer_->armed != deadline_id{})
    return true; // Its next step is not due.
  if (answer_->next == step::end)
    return complete();
  plan_next();
  return true;
}

// ---- requests ---------------------------------------------------------------

bool connection::next_request() {
  if (auto request = parser_.next()) {
    begin(std::move(*request));
    return true;
  }
  if (!parser_.failed())
    return true;
  close(closer::server, false);
  return false;
}

void connection::begin(http_request request) {
  answering a;
  a.answer = server_.answer(request);
  a.head_only = request.method == "HEAD" || a.answer.status == 204
                || a.answer.status == 304;
  a.last = closes(request) || a.answer.framed == framing::until_close
           || a.answer.framed == framing::raw;
  a.due = now();
  a.entry = server_.log.change([&](server_log& log) {
    log.answers.push_back({entry_, std::move(request), now(), 0, false, {}});
    return log.answers.size() - 1;
  });
  answer_ = std::move(a);
  const auto [connect, head] =
    std::pair{answer_->answer.connect_delay, answer_->answer.head_delay};
  const bool silent =
    connect == http_answer::never || head == http_answer::never;
  plan(step::head, silent ? http_answer::never : connect + head);
}

// ---- the script -------------------------------------------------------------

void connection::plan(step next, std::chrono::milliseconds delay) {
  answer_->next = next;
  // A day is for ever here, and keeps the sum in range.
  answer_->due +=
    std::min<std::chrono::milliseconds>(delay, std::chrono::hours{24});
  answer_->armed = server_.deadlines.arm(
    answer_->due, [play = server_.play, socket = socket_] { play(socket); });
}

void connection::plan_next() {
  auto& a = *answer_;
  const auto& body = a.answer.body;
  while (a.piece < body.size() && a.repeated >= body[a.piece].times) {
    ++a.piece;
    a.repeated = 0;
  }
  if (a.piece < body.size() && !a.head_only) {
    ++a.repeated;
    plan(step::piece, body[a.piece].delay);
  } else {
    plan(step::end, a.answer.ends == ending::stall ? http_answer::never
                                                   : a.answer.end_delay);
  }
}

bool connection::play() {
  auto& a = *answer_;
  a.armed = deadline_id{};
  const bool chunked = a.answer.framed == framing::chunked;
  if (a.next == step::end) {
    if (!play_end())
      return false;
  } else if (a.next == step::head) {
    out_ += head_text();
  } else if (const auto& bytes = a.answer.body[a.piece].bytes; !bytes.empty()) {
    out_ += chunked ? hex(bytes.size()) + "\r\n" + bytes + "\r\n" : bytes;
  }
  return write_all() && go_on();
}

bool connection::play_end() {
  switch (answer_->answer.ends) {
  case ending::complete:
    if (answer_->answer.framed == framing::chunked && !answer_->head_only)
      out_ += "0\r\n\r\n";
    return true;
  case ending::closed:
    close(closer::server, false);
    return false;
  case ending::reset:
    close(closer::server, true);
    return false;
  case ending::stall:
    break;
  }
  return true;
}

bool connection::complete() {
  server_.log.change(
    [&](server_log& log) { log.answers[answer_->entry].complete = true; });
  const bool last = answer_->last;
  answer_.reset();
  if (!last)
    return next_request();
  close(closer::server, false);
  return false;
}

void connection::close(closer by, bool reset) {
  if (answer_)
    server_.deadlines.cancel(answer_->armed);
  if (by == closer::server && !reset)
    channel_->finish();
  if (by == closer::server && reset) {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(socket_);
  socket_ = -1;
  server_.log.change([&](server_log& log) {
    auto& entry = log.connections[entry_];
    entry.closed = now();
    entry.closed_by = by;
    entry.was_reset = reset;
    if (answer_ && by == closer::peer)
      log.answers[answer_->entry].cut_by_peer = entry.closed;
  });
}

std::string connection::head_text() const {
  const auto& what = answer_->answer;
  if (what.framed == framing::raw)
    return {};
  std::string text =
    "HTTP/1.1 " + std::to_string(what.status) + " Scripted\r\n";
  for (const auto& [name, value] : what.headers)
    text += name + ": " + value + "\r\n";
  if (what.framed == framing::chunked && !answer_->head_only)
    text += "transfer-encoding: chunked\r\n";
  // A cut must be seen: one byte more is promised than comes.
  if (what.framed == framing::length)
    text += "content-length: "
            + std::to_string(body_bytes(what)
                             + (what.ends == ending::complete ? 0 : 1))
            + "\r\n";
  if (answer_->last)
    text += "connection: close\r\n";
  return text + "\r\n";
}

} // namespace penstock::loopback
