// Who made an assistant message, and whether a request goes there.
#pragma once

#include "providers/codec.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// What `message::made_by` says: "api@provider/model".
///
/// Signatures and encrypted reasoning prove something to the server that made
/// them; the same model elsewhere refuses them. So the name of the endpoint
/// belongs to it. "api/model" is from a host that does not know the endpoint,
/// or from a store of version 0.1: it counts as any endpoint of the API.
///
/// Lifetime: views of the text.
struct message_maker {
  std::string_view api, provider, model;

  /// Whether an endpoint of `api` in the configuration is where it was made.
  bool is_at(std::string_view api, std::string_view provider) const noexcept;
};

/// All views are empty if the text is none of the two forms.
message_maker maker_of(std::string_view made_by) noexcept;

/// @param model the name on the wire.
std::string made_by_text(const endpoint& at, std::string_view model);

} // namespace penstock
