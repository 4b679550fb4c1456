#include "tools/part_lines.hpp"

#include "providers/base64.hpp"
#include "providers/json.hpp"

#include <utility>

namespace penstock::cli {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

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

ordered_json usage_of(const token_usage& u) {
  return {{"input_total", u.input_total}, {"cache_read", u.cache_read},
          {"cache_write", u.cache_write}, {"output_total", u.output_total},
          {"reasoning", u.reasoning},     {"quality", to_string(u.known)}};
}

} // namespace

std::uint64_t part_lines::advance(part_key key, const std::string& bytes) {
  auto& offset = offsets_[key];
  offset += bytes.size();
  return offset - bytes.size();
}

std::string part_lines::line_of(const stream_part& part) {
  ordered_json line;
  const auto begin = [&](const char* event, part_key key) {
    line = {{"event", event}, {"part", key}};
  };
  const auto delta = [&](const char* event, const auto& p) {
    begin(event, p.key);
    line["offset"] = advance(p.key, p.bytes);
    line["text"] = p.bytes;
  };
  std::visit(
    overloaded{
      [&](const part::response_info& p) {
        line = {{"event", "response_info"}, {"id", p.id}, {"model", p.model}};
      },
      [&](const part::text& p) { delta("text_delta", p); },
      [&](const part::text_end& p) { begin("text_end", p.key); },
      [&](const part::refusal& p) { delta("refusal_delta", p); },
      [&](const part::reasoning& p) { delta("reasoning_delta", p); },
      [&](const part::reasoning_end& p) {
        begin("reasoning_end", p.key);
        put_unless_empty(line, "signature", p.signature);
        put_unless_empty(line, "encrypted", p.encrypted);
        put_unless_empty(line, "item_id", p.item_id);
      },
      [&](const part::signature& p) {
        begin("signature", p.key);
        line["signature"] = p.bytes;
      },
      [&](const part::tool_start& p) {
        begin("tool_call_start", p.key);
        line["tool_call_id"] = p.id;
        line["tool_name"] = p.name;
        put_unless_empty(line, "kind", p.kind);
        if (p.provider_executed)
          line["provider_executed"] = true;
        calls_[p.key] = {p.id, p.name};
      },
      [&](const part::tool_input& p) {
        begin("tool_call_delta", p.key);
        line["tool_call_id"] = calls_[p.key].id;
        line["offset"] = advance(p.key, p.bytes);
        line["input_text"] = p.bytes;
      },
      [&](const part::tool_complete& p) {
        begin("tool_call", p.key);
        line["tool_call_id"] = calls_[p.key].id;
        line["tool_name"] = calls_[p.key].name;
        line["input"] = value_of(p.input);
        put_unless_empty(line, "signature", p.signature);
        put_unless_empty(line, "item_id", p.item_id);
      },
      [&](const part::tool_result& p) {
        begin("tool_result", p.key);
        line["tool_call_id"] = p.tool_call_id;
        line["tool_name"] = p.tool_name;
        line["output"] = value_of(p.output_json);
        line["is_error"] = p.is_error;
        line["provider_executed"] = true;
      },
      [&](const part::file& p) {
        begin("file", p.key);
        line["media_type"] = p.what.media_type;
        put_unless_empty(line, "url", p.what.url);
        put_unless_empty(line, "name", p.what.name);
        if (!p.what.bytes.empty())
          line["data"] = base64_encode(p.what.bytes);
      },
      [&](const part::source& p) {
        begin("source", p.key);
        put_unless_empty(line, "url", p.what.url);
        put_unless_empty(line, "title", p.what.title);
        put_unless_empty(line, "id", p.what.id);
        if (!p.what.detail_json.empty())
          line["detail"] = value_of(p.what.detail_json);
      },
      [&](const part::compaction& p) { delta("compaction", p); },
      [&](const part::usage& p) {
        line = {{"event", "usage"}, {"usage", usage_of(p.what)}};
      },
      [&](const part::finished& p) {
        line = {{"event", "finished"},
                {"finish_reason", to_string(p.why.reason)},
                {"raw_finish_reason", nullptr}};
        if (p.why.raw)
          line["raw_finish_reason"] = *p.why.raw;
      },
      [&](const part::failed& p) {
        line = {{"event", "stream_error"},
                {"error_class", to_string(p.why.code)},
                {"message", p.why.message},
                {"retryable", retryable(p.why.code)}};
        if (p.why.provider_status != 0)
          line["provider_status"] = p.why.provider_status;
      },
    },
    part);
  return to_text(line);
}

} // namespace penstock::cli
