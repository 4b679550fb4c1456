// The HTTP thread's side of one attempt: turns calls into messages, and keeps
// the figures of its link that messages would bring too late.
#pragma once

#include "messages/attempt_link.hpp"
#include "messages/clock.hpp"
#include "messages/type_ids.hpp"
#include "providers/http_client.hpp"

#include <memory>
#include <optional>

namespace penstock {

/// Posts to PROVIDER. Lets go of it with the last call.
class provider_listener final : public http_listener {
public:
  provider_listener(provider_actor to, std::shared_ptr<attempt_link> link,
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
  std::shared_ptr<clock> time_;
};

} // namespace penstock
