// Which memory a token needs, so that it is fetched before the token is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace penstock {

/// Where the last bytes of one socket have led: a place in memory for each kind
/// of object on a token's way. With a thousand streams, what one's token had in
/// the cache is gone by its next one; `fetch` asks for all of it at once, while
/// the system call reads the bytes, and not for each when it is needed.
///
/// Objects on the way say where they are (`note`). Whether they are still there
/// does not matter: to fetch ahead what is gone, or never was, does nothing.
///
/// Threads: one, which records and fetches. `note` from any: where nothing is
///          recorded it does nothing.
/// Cost:    a store for each note, and 8 bytes a place.
class footprint {
public:
  enum class place : std::uint8_t {
    transfer, // providers/curl_http_client
    listener, // actors/provider_listener
    link,     // messages/attempt_link, its mark
    stop_mark,
    provider_actor, // caf_compat::shell, its mailbox
    provider_mailbox,
    provider, // actors/provider, its order, actors/provider_response
    provider_order,
    response,
    frames, // providers/sse_decoder
    shape,  // providers/delta_scanner, what it compares
    shape_text,
    shape_holes,
    writer,          // providers/part_writer
    workspace_actor, // caf_compat::shell, its mailbox
    workspace_mailbox,
    workspace_ports, // actors/workspace
    workspace,       // actors/workspace_core, its stream
    stream,
    identity,
    part, // actors/stream_contract
    log,  // actors/stream_log: itself, entry, part, its kind, the text's end
    log_entry,
    log_part,
    log_part_kind,
    log_text,
    logs, // actors/subscriber_set
    subscriber,
    sink,
  };

  /// While it lives, what the thread notes is noted in `into`.
  class recording {
  public:
    explicit recording(footprint& into) noexcept { current_ = &into; }
    ~recording() { current_ = nullptr; }
    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;
  };

  /// What lies from `begin` to before `end` is needed; at most 4 000 bytes.
  static void note(place where, const void* begin, const void* end) noexcept {
    if (auto* const all = current_)
      all->lines_[static_cast<std::size_t>(where)] = lines_of(begin, end);
  }

  /// All of `what` is.
  template <class T>
  static void note(place where, const T& what) noexcept {
    note(where, &what, &what + 1);
  }

  /// Where the calling thread notes; null: nowhere.
  static const footprint* of_this_thread() noexcept { return current_; }

  /// Starts to bring all that was noted into the cache, and waits for nothing.
  void fetch() const noexcept {
    each_line([](const void* line) {
      __builtin_prefetch(line);
      asm volatile(""); // Else g++ sees no effect, and leaves it out.
    });
  }

  /// Calls `with` for the address of each line of the cache that was noted.
  template <class With>
  void each_line(With with) const {
    for (const auto lines : lines_) {
      const auto count = lines % line_bytes;
      const auto* const first = reinterpret_cast<const char*>(lines - count);
      for (std::size_t i = 0; i < count; ++i)
        with(first + i * line_bytes);
    }
  }
  /// Whether something was noted for `where`.
  bool has(place where) const noexcept {
    return lines_[static_cast<std::size_t>(where)] != 0;
  }

  static constexpr std::size_t places =
    static_cast<std::size_t>(place::sink) + 1;
  static constexpr std::uintptr_t line_bytes = 64;

private:
  /// Address of the first line, and their number where the address has zeros.
  static std::uintptr_t lines_of(const void* begin, const void* end) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(begin) / line_bytes;
    const auto last = (reinterpret_cast<std::uintptr_t>(end) - 1) / line_bytes;
    return first * line_bytes + (last - first + 1) % line_bytes;
  }

  static inline thread_local footprint* current_ = nullptr;

  std::array<std::uintptr_t, places> lines_{}; ///< By place; 0: none.
};

} // namespace penstock
