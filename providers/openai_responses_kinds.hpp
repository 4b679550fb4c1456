// The kinds of calls that an answer of the Responses API can hold, as data.
#pragma once

#include "providers/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// Who executes a call.
enum class responses_runner : std::uint8_t {
  client,
  provider,
  /// The provider if the item's `environment` is a container of its own.
  by_environment,
};

/// How an item holds the input of its call.
enum class responses_input : std::uint8_t {
  json_text,  ///< One string member, JSON.
  plain_text, ///< One string member, any text.
  members,    ///< Members of the item; the input is an object of them.
};

/// One row: the items of one `type`.
struct responses_call_kind {
  std::string_view type; ///< Empty: any other type that ends in "_call".
  std::string_view tool; ///< Name of the tool; empty: the item has a `name`.
  responses_runner runner = responses_runner::provider;
  responses_input input = responses_input::members;
  /// Names of the members, separated by spaces.
  std::string_view members = "";
  /// Whether the item has the result as well.
  bool has_result = false;
  /// Type of the item that gives a client's result back.
  std::string_view output_type = "";
};

/// The row of an item's type, or null if that is no call. Static lifetime.
const responses_call_kind*
responses_kind_of(std::string_view item_type) noexcept;

/// Whether the provider executes this call.
/// @param all_custom the provider is one that has no custom tools of a client.
bool executed_by_provider(const responses_call_kind& kind, const json& item,
                          bool all_custom);

/// The name of the tool that an item calls; empty if it does not say so yet.
std::string called_tool(const responses_call_kind& kind, const json& item);

/// What a result of this call is addressed to: `call_id`, else `id`.
std::string call_id_of(const json& item);

/// The whole input of a call as text; empty if the item has none (yet).
std::string input_of(const responses_call_kind& kind, const json& item);

/// What of an item has no field of its own in a call, as JSON text; "" if
/// nothing. With the fields it makes the item again.
std::string extras_of(const responses_call_kind& kind, const json& item);

/// A name of the input's members: whether the row lists it.
bool is_input_member(const responses_call_kind& kind, std::string_view name);

/// The kind that `tool_call_content` shows: "" for a function, "custom", or
/// the item's type.
std::string_view shown_kind(std::string_view item_type) noexcept;
/// The way back.
std::string_view item_type_of(std::string_view shown_kind) noexcept;

} // namespace penstock
