#include "tests/support/openai_chat_streams.hpp"

#include "providers/codec.hpp"

#include <algorithm>
#include <string_view>

namespace penstock::test {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

std::string with(const char* name, const std::string& value) {
  return value.empty() ? "" : std::string{" "} + name + "=" + value;
}

std::string key(const char* kind, part_key k) {
  return kind + std::to_string(k);
}

std::string shown(const stream_part& part) {
  return std::visit(
    overloaded{
      [](const part::response_info& p) {
        return "info " + p.id + " " + p.model;
      },
      [](const part::text& p) { return key("text", p.key) + " " + p.bytes; },
      [](const part::text_end& p) {
        return key("text_end", p.key) + with("phase", p.phase);
      },
      [](const part::refusal& p) {
        return key("refusal", p.key) + " " + p.bytes;
      },
      [](const part::reasoning& p) {
        return key("reasoning", p.key) + " " + p.bytes;
      },
      [](const part::reasoning_end& p) {
        return key("reasoning_end", p.key) + with("signature", p.signature)
               + with("encrypted", p.encrypted) + with("item", p.item_id);
      },
      [](const part::signature& p) {
        return key("signature", p.key) + " " + p.bytes;
      },
      [](const part::tool_start& p) {
        return key("call", p.key) + " " + p.id + " " + p.name
               + with("kind", p.kind)
               + (p.provider_executed ? " provider" : "");
      },
      [](const part::tool_input& p) {
        return key("input", p.key) + " " + p.bytes;
      },
      [](const part::tool_complete& p) {
        return key("complete", p.key) + " " + p.input
               + with("signature", p.signature) + with("item", p.item_id);
      },
      [](const part::tool_result& p) {
        return key("result", p.key) + with("of", p.tool_call_id)
               + with("tool", p.tool_name) + (p.is_error ? " error " : " ")
               + p.output_json;
      },
      [](const part::file& p) {
        return key("file", p.key) + " " + p.content.media_type + " "
               + (p.content.url.empty() ? p.content.bytes : p.content.url)
               + with("signature", p.content.signature);
      },
      [](const part::source& p) {
        return key("source", p.key) + " " + p.citation.url
               + with("title", p.citation.title) + with("id", p.citation.id);
      },
      [](const part::compaction& p) { return key("compaction", p.key); },
      [](const part::usage& p) {
        return "usage " + std::to_string(p.tokens.input_total) + " "
               + std::to_string(p.tokens.cache_read) + " "
               + std::to_string(p.tokens.cache_write) + " "
               + std::to_string(p.tokens.output_total) + " "
               + std::to_string(p.tokens.reasoning) + " "
               + std::string{to_string(p.tokens.known)};
      },
      [](const part::finished& p) {
        return "finished " + std::string{to_string(p.why.reason)} + " "
               + p.why.raw.value_or("-")
               + (p.explanation.empty() ? "" : ": " + p.explanation);
      },
      [](const part::failed& p) {
        return "failed " + std::string{to_string(p.why.code)}
               + with("raw", p.finish_raw.value_or(""));
      },
    },
    part);
}

// Whether two parts are deltas of one part.
bool continues(const stream_part& a, const stream_part& b) {
  const auto key = [](const stream_part& part) -> std::int64_t {
    return std::visit(
      overloaded{[](const part::text& p) { return p.key; },
                 [](const part::refusal& p) { return p.key; },
                 [](const part::reasoning& p) { return p.key; },
                 [](const part::tool_input& p) { return p.key; },
                 [](const auto&) { return part_key(-1); }},
      part);
  };
  return a.index() == b.index() && key(a) == key(b) && key(a) != part_key(-1);
}

} // namespace

std::string chat_events(const lines& data) {
  std::string body;
  for (const auto& one : data)
    body += "data: " + one + "\n\n";
  return body;
}

std::string chat_delta(const std::string& delta_json,
                       const std::string& finish) {
  return R"({"choices":[{"index":0,"delta":)" + delta_json
         + R"(,"finish_reason":)"
         + (finish.empty() ? "null" : '"' + finish + '"') + "}]}";
}

lines shown_parts(const std::vector<stream_part>& parts) {
  lines result;
  const stream_part* before = nullptr;
  for (const auto& part : parts) {
    auto line = shown(part);
    if (before && continues(*before, part))
      result.back() += line.substr(line.find(' ') + 1);
    else
      result.push_back(std::move(line));
    before = &part;
  }
  return result;
}

lines decode_body(std::string_view api, const std::string& body,
                  std::size_t piece_bytes) {
  const auto decoder = find_codec(api)->make_decoder({});
  std::vector<stream_part> parts;
  part_batch batch;
  const auto take = [&] {
    std::move(batch.parts().begin(), batch.parts().end(),
              std::back_inserter(parts));
    batch.clear();
  };
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    decoder->push(std::string{std::string_view{body}.substr(at, piece_bytes)},
                  batch);
    take();
  }
  decoder->end(batch);
  take();
  auto result = shown_parts(parts);
  if (!decoder->finished())
    result.emplace_back("unfinished");
  return result;
}

lines decode_chat(const std::string& body, std::size_t piece_bytes) {
  return decode_body("openai-chat", body, piece_bytes);
}

} // namespace penstock::test
