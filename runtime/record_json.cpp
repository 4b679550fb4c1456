#include "runtime/record_json.hpp"

#include "messages/check.hpp"
#include "providers/base64.hpp"

#include <array>
#include <utility>

namespace penstock {

namespace {

using std::string;

bool flag_in(const json& value, const char* name) {
  const auto& m = member(value, name);
  return m.is_boolean() && m.get<bool>();
}

std::uint64_t number_in(const json& value, const char* name) {
  return count_of(value, name).value_or(0);
}

void put(json& to, const char* name, const string& text) {
  if (!text.empty())
    to[name] = text;
}

json json_of_file(const file_content& c) {
  json to{{"type", "file"}};
  put(to, "media_type", c.media_type);
  put(to, "url", c.url);
  put(to, "name", c.name);
  put(to, "signature", c.signature);
  if (!c.bytes.empty())
    to["data"] = base64_encode(c.bytes);
  return to;
}

file_content file_in(const json& v) {
  return {text_of(v, "media_type"),
          base64_decode(bytes_of(v, "data")).value_or(string{}),
          text_of(v, "url"), text_of(v, "name"), text_of(v, "signature")};
}

struct content_writer {
  json operator()(const text_content& c) const {
    json to{{"type", "text"}};
    put(to, "text", c.text);
    put(to, "signature", c.signature);
    put(to, "phase", c.phase);
    put(to, "citations", c.citations_json);
    return to;
  }
  json operator()(const reasoning_content& c) const {
    json to{{"type", "reasoning"}};
    put(to, "text", c.text);
    put(to, "signature", c.signature);
    put(to, "encrypted", c.encrypted);
    put(to, "item_id", c.item_id);
    return to;
  }
  json operator()(const refusal_content& c) const {
    json to{{"type", "refusal"}};
    put(to, "text", c.text);
    return to;
  }
  json operator()(const file_content& c) const { return json_of_file(c); }
  json operator()(const tool_call_content& c) const {
    json to{{"type", "tool_call"}};
    put(to, "id", c.id);
    put(to, "name", c.name);
    put(to, "input", c.input_json);
    put(to, "kind", c.kind);
    put(to, "signature", c.signature);
    put(to, "item_id", c.item_id);
    if (c.provider_executed)
      to["provider_executed"] = true;
    return to;
  }
  json operator()(const tool_result_content& c) const {
    json to{{"type", "tool_result"}};
    put(to, "id", c.tool_call_id);
    put(to, "name", c.tool_name);
    put(to, "output", c.output_json);
    if (c.is_error)
      to["is_error"] = true;
    if (c.provider_executed)
      to["provider_executed"] = true;
    for (const auto& file : c.files)
      to["files"].push_back(json_of_file(file));
    return to;
  }
};

} // namespace

json json_of(const content& what) {
  return std::visit(content_writer{}, what);
}

std::optional<content> content_in(const json& v) {
  const auto type = bytes_of(v, "type");
  if (type == "text")
    return text_content{text_of(v, "text"), text_of(v, "signature"),
                        text_of(v, "phase"), text_of(v, "citations")};
  if (type == "reasoning")
    return reasoning_content{text_of(v, "text"), text_of(v, "signature"),
                             text_of(v, "encrypted"), text_of(v, "item_id")};
  if (type == "refusal")
    return refusal_content{text_of(v, "text")};
  if (type == "file")
    return file_in(v);
  if (type == "tool_call")
    return tool_call_content{text_of(v, "id"),
                             text_of(v, "name"),
                             text_of(v, "input"),
                             text_of(v, "kind"),
                             text_of(v, "signature"),
                             text_of(v, "item_id"),
                             flag_in(v, "provider_executed")};
  if (type != "tool_result")
    return std::nullopt;
  tool_result_content result{text_of(v, "id"),
                             text_of(v, "name"),
                             text_of(v, "output"),
                             flag_in(v, "is_error"),
                             flag_in(v, "provider_executed"),
                             {}};
  for (const auto& file : member(v, "files"))
    result.files.push_back(file_in(file));
  return result;
}

// ---- usage, queue ----------------------------------------------------------

json json_of(const token_usage& u) {
  return {{"known", to_string(u.known)},    {"input_total", u.input_total},
          {"cache_read", u.cache_read},     {"cache_write", u.cache_write},
          {"output_total", u.output_total}, {"reasoning", u.reasoning}};
}

token_usage usage_in(const json& v) {
  token_usage u;
  for (const auto known :
       {token_usage::quality::partial, token_usage::quality::exact})
    if (bytes_of(v, "known") == to_string(known))
      u.known = known;
  u.input_total = number_in(v, "input_total");
  u.cache_read = number_in(v, "cache_read");
  u.cache_write = number_in(v, "cache_write");
  u.output_total = number_in(v, "output_total");
  u.reasoning = number_in(v, "reasoning");
  return u;
}

json json_of(const std::vector<queued_message>& queue) {
  auto all = json::array();
  for (const auto& q : queue)
    all.push_back(
      {{"text", q.text}, {"tool_end", q.mode == queue_mode::tool_end}});
  return all;
}

std::vector<queued_message> queue_in(const json& v) {
  std::vector<queued_message> queue;
  if (v.is_array())
    for (const auto& q : v)
      queue.push_back({text_of(q, "text"), flag_in(q, "tool_end")
                                             ? queue_mode::tool_end
                                             : queue_mode::turn_end});
  return queue;
}

// ---- terminals -------------------------------------------------------------

namespace {

constexpr std::array<std::string_view, 3> state_names{"complete", "cut",
                                                      "unknown_outcome"};

json json_of(const std::vector<model_usage>& all) {
  auto list = json::array();
  for (const auto& u : all)
    list.push_back({{"model", u.model}, {"usage", penstock::json_of(u.usage)}});
  return list;
}

std::vector<model_usage> models_in(const json& v) {
  std::vector<model_usage> all;
  if (v.is_array())
    for (const auto& u : v)
      all.push_back({text_of(u, "model"), usage_in(member(u, "usage"))});
  return all;
}

std::vector<string> texts_in(const json& v) {
  std::vector<string> all;
  if (v.is_array())
    for (const auto& text : v)
      all.push_back(text_of(text));
  return all;
}

json json_of(const error& why) {
  json to{{"class", to_string(why.code)}, {"message", why.message}};
  if (why.provider_status != 0)
    to["provider_status"] = why.provider_status;
  if (why.retry_after)
    to["retry_after_ms"] = why.retry_after->count();
  if (why.should_retry)
    to["should_retry"] = *why.should_retry;
  return to;
}

error error_in(const json& v) {
  error why;
  why.code = errc_from_string(bytes_of(v, "class")).value_or(errc::internal);
  why.message = text_of(v, "message");
  why.provider_status = static_cast<int>(number_in(v, "provider_status"));
  if (const auto ms = count_of(v, "retry_after_ms"))
    why.retry_after = std::chrono::milliseconds{*ms};
  if (const auto& m = member(v, "should_retry"); m.is_boolean())
    why.should_retry = m.get<bool>();
  return why;
}

struct terminal_writer {
  template <class Terminal>
  json account(const char* type, const Terminal& e) const {
    return {{"type", type},
            {"usage", penstock::json_of(e.usage)},
            {"usage_by_model", json_of(e.usage_by_model)},
            {"metadata", e.metadata_json}};
  }
  template <class Terminal>
  void models(json& to, const Terminal& e) const {
    to["requested_model"] = e.requested_model;
    to["refused_models"] = e.refused_models;
    to["failed_models"] = e.failed_models;
  }
  json operator()(const event::stream_end& e) const {
    auto to = account("stream_end", e);
    models(to, e);
    to["finish_reason"] = to_string(e.why.reason);
    if (e.why.raw)
      to["raw_finish_reason"] = *e.why.raw;
    to["duration_ms"] = e.duration.count();
    if (e.time_to_first_token)
      to["time_to_first_token_ms"] = e.time_to_first_token->count();
    to["model"] = e.model;
    return to;
  }
  json operator()(const event::stream_abort& e) const {
    auto to = account("stream_abort", e);
    to["reason"] = to_string(e.why);
    to["abandoned"] = e.abandoned;
    return to;
  }
  json operator()(const event::stream_error& e) const {
    auto to = account("stream_error", e);
    models(to, e);
    to["error"] = json_of(e.why);
    to["retryable"] = e.retryable;
    return to;
  }
  template <class Other>
  json operator()(const Other&) const {
    PENSTOCK_CHECK(!"a terminal that is none");
  }
};

template <class Terminal>
Terminal account_in(const json& v, std::vector<final_part> parts) {
  Terminal e;
  e.usage = usage_in(member(v, "usage"));
  e.usage_by_model = models_in(member(v, "usage_by_model"));
  e.metadata_json = text_of(v, "metadata");
  e.parts = std::move(parts);
  return e;
}

template <class Terminal>
void models_in(const json& v, Terminal& e) {
  e.requested_model = text_of(v, "requested_model");
  e.refused_models = texts_in(member(v, "refused_models"));
  e.failed_models = texts_in(member(v, "failed_models"));
}

event_body end_in(const json& v, std::vector<final_part> parts) {
  auto e = account_in<event::stream_end>(v, std::move(parts));
  models_in(v, e);
  using reason = finish_reason;
  for (const auto r : {reason::stop, reason::length, reason::tool_calls,
                       reason::content_filter, reason::error, reason::other})
    if (bytes_of(v, "finish_reason") == to_string(r))
      e.why.reason = r;
  if (const auto& raw = member(v, "raw_finish_reason"); raw.is_string())
    e.why.raw = text_of(raw);
  e.duration = std::chrono::milliseconds{number_in(v, "duration_ms")};
  if (const auto ms = count_of(v, "time_to_first_token_ms"))
    e.time_to_first_token = std::chrono::milliseconds{*ms};
  e.model = text_of(v, "model");
  return e;
}

event_body abort_in(const json& v, std::vector<final_part> parts) {
  auto e = account_in<event::stream_abort>(v, std::move(parts));
  using reason = event::stream_abort::reason;
  for (const auto r : {reason::user, reason::replaced, reason::shutdown,
                       reason::interrupted, reason::startup})
    if (bytes_of(v, "reason") == to_string(r))
      e.why = r;
  e.abandoned = flag_in(v, "abandoned");
  return e;
}

event_body error_in(const json& v, std::vector<final_part> parts) {
  auto e = account_in<event::stream_error>(v, std::move(parts));
  models_in(v, e);
  e.why = error_in(member(v, "error"));
  e.retryable = flag_in(v, "retryable");
  return e;
}

} // namespace

json json_of_terminal(const event_body& body) {
  return std::visit(terminal_writer{}, body);
}

std::optional<event_body> terminal_in(const json& v,
                                      std::vector<final_part> parts) {
  const auto type = bytes_of(v, "type");
  if (type == "stream_end")
    return end_in(v, std::move(parts));
  if (type == "stream_abort")
    return abort_in(v, std::move(parts));
  if (type == "stream_error")
    return error_in(v, std::move(parts));
  return std::nullopt;
}

const std::vector<final_part>& parts_of(const event_body& terminal) {
  if (auto* end = std::get_if<event::stream_end>(&terminal))
    return end->parts;
  if (auto* abort = std::get_if<event::stream_abort>(&terminal))
    return abort->parts;
  auto* failed = std::get_if<event::stream_error>(&terminal);
  PENSTOCK_CHECK(failed != nullptr);
  return failed->parts;
}

std::string_view name_of(final_part::state state) {
  const auto index = static_cast<std::size_t>(state);
  PENSTOCK_CHECK(index < state_names.size());
  return state_names[index];
}

final_part::state part_state_in(std::string_view name) {
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == name)
      return static_cast<final_part::state>(i);
  return final_part::state::cut;
}

} // namespace penstock
