// The conversations of `penstock demo`: what is asked, what the loopback
// server answers, what the user does, and what must come of it.
#pragma once

#include "messages/request.hpp"
#include "providers/http_script.hpp"
#include "providers/model_catalog.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

/// What the user does once `demo_scenario::after_words` words were seen.
enum class demo_action : std::uint8_t {
  none,
  stop,      ///< Hard.
  soft_stop, ///< At the next boundary.
  replace,   ///< Starts `demo_scenario::replacement`.
  leave,     ///< Unsubscribes, and comes back with the last position.
};

/// How a conversation's last stream must end.
enum class demo_end : std::uint8_t { completed, aborted, failed };

struct demo_scenario {
  std::string workspace; ///< At most 10 columns, ASCII.
  std::string title;     ///< At most 28 columns, ASCII.
  start_request request;
  /// The answer to each of its requests, counted from 0 over the conversation.
  answer_maker answers;

  demo_action action = demo_action::none;
  std::size_t after_words = 0;
  std::optional<start_request> replacement;

  // ---- what must come of it ----
  demo_end end = demo_end::completed;
  errc why = errc::none; ///< Only with `failed`.
  /// What the user must have read at the end. After a stop, a replacement or a
  /// failure: what the model would have said.
  std::string text, reasoning;
  std::size_t requests = 1;   ///< That the server must get.
  std::string answered_by;    ///< "provider:model"
  std::size_t tool_calls = 0; ///< That a handler must have run.
  /// What the server asks the client to wait, or how long a clock waits.
  std::chrono::milliseconds delay{0};
};

/// All delays are divided by `speed`, so the same things happen at any.
/// @param speed > 0.
std::vector<demo_scenario> make_demo_scenarios(double speed);

/// Answers each request by the conversation that it names.
http_script make_demo_script(const std::vector<demo_scenario>& scenarios);

/// The endpoints of all models in the scenarios.
/// @param origin of the loopback server: "http://127.0.0.1:PORT".
std::map<std::string, provider_config>
demo_providers(const std::string& origin);

/// The tool that the conversations with tools call. Takes a moment.
std::shared_ptr<const tool> make_demo_tool(double speed);

/// The key that every request carries and that nobody may be shown.
inline constexpr std::string_view demo_key = "sk-demo-0123456789abcdef";

// ---- reading requests ------------------------------------------------------

/// The workspace that a request is of; empty if it names none.
std::string workspace_of(const http_request& request);
/// The text of the last assistant message in a request's body; empty if there
/// is none.
std::string partial_in(const http_request& request);
/// "model" in a request's body.
std::string wire_model_of(const http_request& request);

/// Words as the table counts them: runs of anything but white space.
std::size_t count_words(std::string_view text);

} // namespace penstock::cli
