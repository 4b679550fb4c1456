// The cells of the fault matrix: what the network does in each, and what must
// come of it. The second is written from SPEC §6 and §7 by hand, and knows
// nothing of the code that it judges.
#pragma once

#include "messages/options.hpp"
#include "messages/prompt.hpp"
#include "messages/stream.hpp"
#include "providers/http_script.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::testing {

/// Where in an attempt the fault strikes.
enum class fault_place {
  before_headers,
  after_headers,
  after_first_token,
  mid_text,
  mid_reasoning,
  mid_tool_input,
  after_whole_call,  ///< A call is complete, the answer is not.
  after_tool_result, ///< In the step after a tool call, before its output.
  before_terminal,   ///< After the last token.
};
inline constexpr std::size_t fault_place_count = 9;
std::string_view to_string(fault_place place);

enum class fault_kind {
  reset,
  clean_eof,
  stall,
  in_stream_error,
  garbage,
  wrong_content_type,
  refusal,
  crash, ///< Of the PROVIDER actor.
  http_status,
};

struct fault {
  fault_kind what;
  int status = 0; ///< Only with `http_status`.
};
inline constexpr std::array<fault, 21> faults{{
  {fault_kind::reset},
  {fault_kind::clean_eof},
  {fault_kind::stall},
  {fault_kind::in_stream_error},
  {fault_kind::garbage},
  {fault_kind::wrong_content_type},
  {fault_kind::refusal},
  {fault_kind::crash},
  {fault_kind::http_status, 400},
  {fault_kind::http_status, 401},
  {fault_kind::http_status, 402},
  {fault_kind::http_status, 403},
  {fault_kind::http_status, 404},
  {fault_kind::http_status, 408},
  {fault_kind::http_status, 413},
  {fault_kind::http_status, 429},
  {fault_kind::http_status, 500},
  {fault_kind::http_status, 502},
  {fault_kind::http_status, 503},
  {fault_kind::http_status, 504},
  {fault_kind::http_status, 529},
}};
std::string name_of(const fault& f);

enum class fault_fallback { none, same_provider, other_provider };

/// Every attempt of the first model meets the fault, at the same place; the
/// fallback answers.
struct fault_cell {
  bool claude = false; ///< The first model is Anthropic's; else OpenAI's.
  fault_place where{};
  fault what{};
  fault_fallback then{};
  partial_policy policy{};

  std::string name() const;
  /// "provider:model"
  std::string first_model() const;
  std::string fallback_model() const; ///< Empty: none.
  bool fallback_is_claude() const;
};

/// Why there can be no such cell; empty: there is one.
std::string_view why_impossible(const fault_cell& cell);

/// The network of a cell.
http_script script_of(const fault_cell& cell);

/// What the contract says of a cell.
struct fault_outcome {
  errc failure = errc::none;      ///< None: the stream completes.
  std::vector<std::string> asked; ///< The model of each attempt.
  /// Of each attempt: text that its request must carry as the assistant's.
  std::vector<std::string> sent_on;
  /// Of each attempt: a tool call and its result are in its request.
  std::vector<bool> after_tool;
  std::string text, reasoning; ///< Of all that stands at the end.
  std::size_t tool_runs = 0;
  std::vector<errc> retries; ///< Those that are told.
  /// Input and output tokens by model.
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> used;
};
fault_outcome outcome_of(const fault_cell& cell);

/// The texts of an answer's parts, by part: those that `transcript` keeps.
std::map<std::uint32_t, std::string>
texts_of(const std::vector<final_part>& parts);

/// Input and output tokens by model.
std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>
tokens_of(const std::vector<model_usage>& usage);

/// All text of an answer's parts, or all reasoning.
std::string said(const std::vector<final_part>& parts, bool reasoning);

} // namespace penstock::testing
