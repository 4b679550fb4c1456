// The HTTP thread's side of one attempt: turns calls into messages, and keeps
// the two figures that messages would bring too late.
#pragma once

#include "messages/attempt_link.hpp"
#include "messages/clock.hpp"
#include "messages/type_ids.hpp"
#include "providers/http_client.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace penstock {

/// What the HTTP thread, whoever resumes the socket, and PROVIDER share.
///
/// Threads: any; nothing blocks.
class transfer_meter {
public:
  /// HTTP thread, before it posts bytes.
  void posted(std::size_t bytes) noexcept { posted_ += bytes; }
  std::size_t posted_bytes() const noexcept { return posted_; }

  /// The socket is held from now on, or no longer. Idempotent.
  void hold(steady_time now) noexcept;
  void release(steady_time now) noexcept;

  /// How long it has been held so far, in all. An attempt's clocks run on
  /// `now - held(now)`, which stands still while we hold the socket.
  std::chrono::nanoseconds held(steady_time now) const noexcept;

private:
  std::atomic<std::size_t> posted_{0};
  // Nanoseconds held in all, shifted left by one. While the socket is held the
  // lowest bit is set and the time since is missing: total minus start.
  std::atomic<std::int64_t> held_{0};
};

/// Posts to PROVIDER. Lets go of it with the last call.
class provider_listener final : public http_listener {
public:
  provider_listener(provider_actor to, std::shared_ptr<attempt_link> link,
                    std::shared_ptr<transfer_meter> meter,
                    std::shared_ptr<clock> time);

  void on_connected() override;
  void on_response(http_response_head head) override;
  bool on_body(std::string_view bytes) override;
  void on_end(error why) override;

private:
  using provider =
    caf_compat::short_way<provider_actor, body_seen, body_received>;
  std::optional<provider> to_;
  std::shared_ptr<attempt_link> link_;
  std::shared_ptr<transfer_meter> meter_;
  std::shared_ptr<clock> time_;
};

} // namespace penstock
