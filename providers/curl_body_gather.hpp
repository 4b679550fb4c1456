// What libcurl hands over in small pieces, put together again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

class curl_transfer;

/// libcurl calls back for each chunk of a chunked body, and servers send each
/// event as a chunk of its own: at full speed a hundred calls for one read. The
/// pieces of one transfer that come in a row become one.
///
/// Nothing may stay here when the loop goes on: `flush` after every call of
/// libcurl that may bring bytes, and before a transfer ends.
///
/// Limits:  one piece has at most `piece_bytes_max` bytes, unless libcurl gives
///          a larger one.
/// Threads: the loop's; one for all its transfers, since it is empty between
///          the sockets' turns.
class curl_body_gather {
public:
  explicit curl_body_gather(std::size_t piece_bytes_max)
    : piece_bytes_max_(piece_bytes_max) {}

  /// Before `add`: gives away what the next `bytes` bytes do not fit to, upon
  /// which the listener may want a pause and no more bytes.
  void make_room(const curl_transfer& of, std::size_t bytes);
  /// @pre make_room(of, bytes.size())
  void add(curl_transfer& of, std::string_view bytes);
  void flush();

private:
  const std::size_t piece_bytes_max_;
  curl_transfer* of_ = nullptr; ///< Whose bytes they are; null: there are none.
  std::string bytes_;
};

} // namespace penstock
