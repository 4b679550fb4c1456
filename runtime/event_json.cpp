#include "runtime/event_json.hpp"

#include "messages/check.hpp"
#include "providers/base64.hpp"
#include "providers/json.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace penstock {

namespace {

using std::string, std::string_view;

/// "2026-07-31T12:00:00.250Z"
string utc(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  // A year of four digits, whatever the clock says.
  constexpr seconds latest{253'402'300'799};
  auto since = floor<milliseconds>(at.time_since_epoch());
  since = std::clamp<milliseconds>(since, milliseconds{0}, latest);
  const auto whole = floor<seconds>(since);
  const auto time = static_cast<std::time_t>(whole.count());
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 24> text{};
  const auto length =
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto ms = std::to_string(1'000 + (since - whole).count());
  return string{text.data(), length} + '.' + ms.substr(1) + 'Z';
}

string id_text(stream_id id) {
  return id == stream_id{} ? string{} : to_string(id);
}

ordered_json value_of(const string& text) {
  auto value = parse_ordered_json(text);
  return value ? std::move(*value) : ordered_json(text);
}

/// Each name once, so that a name that is set later is set for good.
ordered_json object_of(const string& text) {
  const auto value = parse_json(text);
  return value && value->is_object() ? ordered_json(*value)
                                     : ordered_json::object();
}

void put_unless_empty(ordered_json& to, const char* name, const string& text) {
  if (!text.empty())
    to[name] = text;
}

ordered_json list_of(const std::vector<string>& texts) {
  auto list = ordered_json::array();
  for (const auto& text : texts)
    list.push_back(text);
  return list;
}

ordered_json json_of(const position& at) {
  return {{"stream_id", id_text(at.stream)},
          {"part", at.part},
          {"offset", at.offset}};
}

ordered_json json_of(const token_usage& u) {
  return {{"input_total", u.input_total}, {"cache_read", u.cache_read},
          {"cache_write", u.cache_write}, {"output_total", u.output_total},
          {"reasoning", u.reasoning},     {"quality", to_string(u.known)}};
}

ordered_json json_of(const std::vector<model_usage>& all) {
  auto list = ordered_json::array();
  for (const auto& one : all)
    list.push_back({{"model", one.model}, {"usage", json_of(one.usage)}});
  return list;
}

void put(ordered_json& to, const finish& why) {
  to["finish_reason"] = to_string(why.reason);
  to["raw_finish_reason"] = nullptr;
  if (why.raw)
    to["raw_finish_reason"] = *why.raw;
}

void put(ordered_json& to, const file_content& what) {
  to["media_type"] = what.media_type;
  if (what.url.empty())
    to["data"] = base64_encode(what.bytes);
  else
    to["url"] = what.url;
  put_unless_empty(to, "name", what.name);
}

// ---- the parts of a terminal event -----------------------------------------

string_view name_of(final_part::state state) {
  constexpr std::array<string_view, 3> names{"complete", "cut",
                                             "unknown_outcome"};
  const auto index = static_cast<std::size_t>(state);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

/// Adds the type and the members of one part.
struct part_writer {
  ordered_json& to;

  void operator()(const text_content& c) const {
    to["type"] = "text";
    to["text"] = c.text;
    put_unless_empty(to, "signature", c.signature);
    put_unless_empty(to, "phase", c.phase);
  }
  void operator()(const reasoning_content& c) const {
    to["type"] = "reasoning";
    to["text"] = c.text;
    put_unless_empty(to, "signature", c.signature);
    put_unless_empty(to, "encrypted", c.encrypted);
    put_unless_empty(to, "item_id", c.item_id);
  }
  void operator()(const refusal_content& c) const {
    to["type"] = "refusal";
    to["text"] = c.text;
  }
  void operator()(const file_content& c) const {
    to["type"] = "file";
    put(to, c);
  }
  void operator()(const tool_call_content& c) const {
    to["type"] = "tool_call";
    to["tool_call_id"] = c.id;
    to["tool_name"] = c.name;
    to["input"] = value_of(c.input_json);
    put_unless_empty(to, "kind", c.kind);
    put_unless_empty(to, "signature", c.signature);
    put_unless_empty(to, "item_id", c.item_id);
    if (c.provider_executed)
      to["provider_executed"] = true;
  }
  void operator()(const tool_result_content& c) const {
    to["type"] = "tool_result";
    to["tool_call_id"] = c.tool_call_id;
    to["tool_name"] = c.tool_name;
    to["output"] = value_of(c.output_json);
    to["is_error"] = c.is_error;
    if (c.provider_executed)
      to["provider_executed"] = true;
    for (const auto& file : c.files) {
      ordered_json one;
      put(one, file);
      to["files"].push_back(std::move(one));
    }
  }
};

ordered_json json_of(const std::vector<final_part>& parts) {
  auto list = ordered_json::array();
  for (const auto& p : parts) {
    ordered_json one{{"part", p.part}};
    std::visit(part_writer{one}, p.content);
    one["state"] = name_of(p.how);
    list.push_back(std::move(one));
  }
  return list;
}

// ---- the events ------------------------------------------------------------

/// Adds what an event has beyond the common keys.
struct body_writer {
  ordered_json& to;

  template <class Delta>
  void delta(const Delta& e) const {
    to["part"] = e.part;
    to["offset"] = e.offset;
    to["text"] = e.text;
  }
  template <class Call>
  void call(const Call& e) const {
    to["part"] = e.part;
    to["tool_call_id"] = e.tool_call_id;
  }
  template <class Models>
  void models(const Models& e) const {
    to["requested_model"] = e.requested_model;
    to["refused_models"] = list_of(e.refused_models);
    to["failed_models"] = list_of(e.failed_models);
  }
  template <class Terminal>
  void account(const Terminal& e) const {
    to["usage"] = json_of(e.usage);
    to["usage_by_model"] = json_of(e.usage_by_model);
    to["metadata"] = object_of(e.metadata_json);
    to["parts"] = json_of(e.parts);
  }

  void operator()(const event::stream_start& e) const {
    to["model"] = e.model;
    to["requested_model"] = e.requested_model;
    to["history_sequence"] = e.history_sequence;
    to["metadata"] = object_of(e.metadata_json);
  }
  void operator()(const event::text_delta& e) const { delta(e); }
  void operator()(const event::text_end& e) const { to["part"] = e.part; }
  void operator()(const event::refusal_delta& e) const { delta(e); }
  void operator()(const event::reasoning_delta& e) const {
    delta(e);
    put_unless_empty(to, "signature", e.signature);
  }
  void operator()(const event::reasoning_end& e) const { to["part"] = e.part; }
  void operator()(const event::file& e) const {
    to["part"] = e.part;
    put(to, e.content);
  }
  void operator()(const event::source& e) const {
    to["part"] = e.part;
    put_unless_empty(to, "url", e.citation.url);
    put_unless_empty(to, "title", e.citation.title);
    put_unless_empty(to, "id", e.citation.id);
    if (!e.citation.detail_json.empty())
      to["detail"] = value_of(e.citation.detail_json);
  }
  void operator()(const event::tool_call_start& e) const {
    call(e);
    to["tool_name"] = e.tool_name;
  }
  void operator()(const event::tool_call_delta& e) const {
    call(e);
    to["offset"] = e.offset;
    to["input_text"] = e.input_text;
  }
  void operator()(const event::tool_call& e) const {
    call(e);
    to["tool_name"] = e.tool_name;
    to["input"] = value_of(e.input_json);
    if (e.provider_executed)
      to["provider_executed"] = true;
    put_unless_empty(to, "parent_tool_call_id", e.parent_tool_call_id);
  }
  void operator()(const event::tool_execution_start& e) const {
    call(e);
    put_unless_empty(to, "parent_tool_call_id", e.parent_tool_call_id);
  }
  void operator()(const event::tool_result& e) const {
    call(e);
    to["output"] = value_of(e.output_json);
    to["is_error"] = e.is_error;
    if (e.provider_executed)
      to["provider_executed"] = true;
    put_unless_empty(to, "parent_tool_call_id", e.parent_tool_call_id);
  }
  void operator()(const event::step_end& e) const {
    to["step"] = e.step;
    put(to, e.why);
    to["usage"] = json_of(e.usage);
    to["cumulative_usage"] = json_of(e.cumulative_usage);
  }
  void operator()(const event::attempt_retry& e) const {
    to["attempt"] = e.attempt;
    to["error_class"] = to_string(e.error_class);
    to["delay_ms"] = e.delay.count();
    to["model"] = e.model;
    put_unless_empty(to, "next_model", e.next_model);
    to["kept_parts"] = e.kept_parts;
  }
  void operator()(const event::retract& e) const {
    to["part"] = e.part;
    to["offset"] = e.offset;
  }
  void operator()(const event::caught_up& e) const {
    constexpr std::array<string_view, 3> modes{"full", "since", "none"};
    const auto index = static_cast<std::size_t>(e.how);
    PENSTOCK_CHECK(index < modes.size());
    to["position"] = nullptr;
    if (e.position)
      to["position"] = json_of(*e.position);
    to["state"] = e.state;
    to["mode"] = modes[index];
  }
  void operator()(const event::queue_changed& e) const {
    to["texts"] = list_of(e.texts);
  }
  void operator()(const event::history_changed& e) const {
    to["removed"] = e.removed;
  }
  void operator()(const event::stream_end& e) const {
    put(to, e.why);
    to["duration_ms"] = e.duration.count();
    to["time_to_first_token_ms"] = nullptr;
    if (e.time_to_first_token)
      to["time_to_first_token_ms"] = e.time_to_first_token->count();
    to["model"] = e.model;
    models(e);
    account(e);
    for (const auto name :
         {"requested_model", "model", "refused_models", "failed_models"})
      to["metadata"][name] = to[name];
  }
  void operator()(const event::stream_abort& e) const {
    to["reason"] = to_string(e.why);
    to["abandoned"] = e.abandoned;
    account(e);
  }
  void operator()(const event::stream_error& e) const {
    to["error_class"] = to_string(e.why.code);
    to["message"] = e.why.message;
    to["retryable"] = e.retryable;
    if (e.why.provider_status != 0)
      to["provider_status"] = e.why.provider_status;
    models(e);
    account(e);
  }
};

} // namespace

string json_line(const stream_event& event) {
  PENSTOCK_CHECK(event.of != nullptr);
  ordered_json line{{"event", penstock::name_of(*event.body)},
                    {"workspace_id", event.of->workspace_id},
                    {"stream_id", id_text(event.of->stream)},
                    {"message_id", event.of->message_id},
                    {"seq", event.seq},
                    {"at", utc(event.at)}};
  if (event.after)
    line["after"] = json_of(*event.after);
  if (event.replay)
    line["replay"] = true;
  std::visit(body_writer{line}, *event.body);
  return to_text(line);
}

std::vector<string> json_lines(const string& workspace_id,
                               const history_row& row) {
  constexpr std::array<string_view, 4> roles{"system", "user", "assistant",
                                             "tool"};
  std::vector<string> lines;
  for (const auto& m : row.messages) {
    ordered_json line{{"workspace_id", workspace_id},
                      {"history_sequence", row.sequence},
                      {"message_id", row.message_id},
                      {"role", roles[static_cast<std::size_t>(m.from)]}};
    put_unless_empty(line, "made_by", m.made_by);
    auto parts = ordered_json::array();
    for (const auto& part : m.parts) {
      auto one = ordered_json::object();
      std::visit(part_writer{one}, part);
      parts.push_back(std::move(one));
    }
    line["parts"] = std::move(parts);
    line["outcome"] = to_string(row.how);
    lines.push_back(to_text(line));
  }
  return lines;
}

} // namespace penstock
