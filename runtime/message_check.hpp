// Internal: whether ids and messages of a host can go on: shape, not sense.
#pragma once

#include "messages/errc.hpp"
#include "messages/prompt.hpp"

#include <string>
#include <string_view>

namespace penstock {

bool is_json_object(std::string_view text);

/// Not empty, and as `check_label`.
expected<void> check_workspace_id(const std::string& id);

/// At most limits::id_bytes_max of UTF-8 without control characters; it goes
/// into log lines. @param name begins the error's message.
expected<void> check_label(const std::string& name, const std::string& label);

/// Which parts may stand in a message of which role, and that each has what it
/// needs. @param name begins the error's message: "messages[2]".
expected<void> check_message(const message& m, const std::string& name);

} // namespace penstock
