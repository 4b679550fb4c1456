#include "tools/part_lines.hpp"

#include "providers/base64.hpp"

#include <utility>

namespace penstock::cli {

namespace {

// The text as a JSON value, or as a string if it is none.
ordered_json value_of(const std::string& text) {
  auto value = parse_ordered_json(text);
  return value ? std::move(*value) : ordered_json(text);
}

void put_unless_empty(ordered_json& line, const char* name,
                      const std::string& text) {
  if (!text.empty())
    line[name] = text;
}

} // namespace

std::string part_lines::line_of(const stream_part& part) {
  return to_text(
    std::visit([this](const auto& p) { return object_of(p); }, part));
}

ordered_json part_lines::delta(const char* event, const char* member,
                               part_key key, const std::string& bytes) {
  auto& offset = offsets_[key];
  offset += bytes.size();
  return {{"event", event},
          {"part", key},
          {"offset", offset - bytes.size()},
          {member, bytes}};
}

ordered_json part_lines::object_of(const part::response_info& p) {
  return {{"event", "response_info"}, {"id", p.id}, {"model", p.model}};
}

ordered_json part_lines::object_of(const part::text& p) {
  return delta("text_delta", "text", p.key, p.bytes);
}

ordered_json part_lines::object_of(const part::text_end& p) {
  ordered_json line{{"event", "text_end"}, {"part", p.key}};
  put_unless_empty(line, "phase", p.phase);
  put_unless_empty(line, "citations", p.citations_json);
  return line;
}

ordered_json part_lines::object_of(const part::refusal& p) {
  return delta("refusal_delta", "text", p.key, p.bytes);
}

ordered_json part_lines::object_of(const part::reasoning& p) {
  return delta("reasoning_delta", "text", p.key, p.bytes);
}

ordered_json part_lines::object_of(const part::reasoning_end& p) {
  ordered_json line{{"event", "reasoning_end"}, {"part", p.key}};
  put_unless_empty(line, "signature", p.signature);
  put_unless_empty(line, "encrypted", p.encrypted);
  put_unless_empty(line, "item_id", p.item_id);
  return line;
}

ordered_json part_lines::object_of(const part::signature& p) {
  return {{"event", "signature"}, {"part", p.key}, {"signature", p.bytes}};
}

ordered_json part_lines::object_of(const part::tool_start& p) {
  calls_[p.key] = {p.id, p.name};
  ordered_json line{{"event", "tool_call_start"},
                    {"part", p.key},
                    {"tool_call_id", p.id},
                    {"tool_name", p.name}};
  put_unless_empty(line, "kind", p.kind);
  if (p.provider_executed)
    line["provider_executed"] = true;
  return line;
}

ordered_json part_lines::object_of(const part::tool_input& p) {
  auto line = delta("tool_call_delta", "input_text", p.key, p.bytes);
  line["tool_call_id"] = calls_[p.key].id;
  return line;
}

ordered_json part_lines::object_of(const part::tool_complete& p) {
  const auto& of = calls_[p.key];
  ordered_json line{{"event", "tool_call"},
                    {"part", p.key},
                    {"tool_call_id", of.id},
                    {"tool_name", of.name},
                    {"input", value_of(p.input)}};
  put_unless_empty(line, "signature", p.signature);
  put_unless_empty(line, "item_id", p.item_id);
  return line;
}

ordered_json part_lines::object_of(const part::tool_result& p) {
  return {{"event", "tool_result"},
          {"part", p.key},
          {"tool_call_id", p.tool_call_id},
          {"tool_name", p.tool_name},
          {"output", value_of(p.output_json)},
          {"is_error", p.is_error},
          {"provider_executed", true}};
}

ordered_json part_lines::object_of(const part::file& p) {
  ordered_json line{
    {"event", "file"}, {"part", p.key}, {"media_type", p.content.media_type}};
  put_unless_empty(line, "url", p.content.url);
  put_unless_empty(line, "name", p.content.name);
  put_unless_empty(line, "data", base64_encode(p.content.bytes));
  put_unless_empty(line, "signature", p.content.signature);
  return line;
}

ordered_json part_lines::object_of(const part::source& p) {
  ordered_json line{{"event", "source"}, {"part", p.key}};
  put_unless_empty(line, "url", p.citation.url);
  put_unless_empty(line, "title", p.citation.title);
  put_unless_empty(line, "id", p.citation.id);
  if (!p.citation.detail_json.empty())
    line["detail"] = value_of(p.citation.detail_json);
  return line;
}

ordered_json part_lines::object_of(const part::compaction& p) {
  return delta("compaction", "text", p.key, p.bytes);
}

ordered_json part_lines::object_of(const part::usage& p) {
  const auto& u = p.tokens;
  return {{"event", "usage"},
          {"usage",
           {{"input_total", u.input_total},
            {"cache_read", u.cache_read},
            {"cache_write", u.cache_write},
            {"output_total", u.output_total},
            {"reasoning", u.reasoning},
            {"quality", to_string(u.known)}}}};
}

ordered_json part_lines::object_of(const part::finished& p) {
  ordered_json line{{"event", "finished"},
                    {"finish_reason", to_string(p.why.reason)},
                    {"raw_finish_reason", nullptr}};
  if (p.why.raw)
    line["raw_finish_reason"] = *p.why.raw;
  if (!p.explanation.empty())
    line["explanation"] = p.explanation;
  return line;
}

ordered_json part_lines::object_of(const part::failed& p) {
  ordered_json line{{"event", "stream_error"},
                    {"error_class", to_string(p.why.code)},
                    {"message", p.why.message},
                    {"retryable", retryable(p.why.code)}};
  if (p.why.provider_status != 0)
    line["provider_status"] = p.why.provider_status;
  return line;
}

} // namespace penstock::cli
