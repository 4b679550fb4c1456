#include "tests/support/anthropic_streams.hpp"

#include "providers/json.hpp"

namespace penstock::test {

namespace {

std::string line(const part::response_info& p) {
  return "response " + p.id + " " + p.model;
}
std::string line(const part::text& p) {
  return "text " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::text_end& p) {
  return "text_end " + std::to_string(p.key)
         + (p.citations_json.empty() ? "" : " " + p.citations_json);
}
std::string line(const part::refusal& p) {
  return "refusal " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::reasoning& p) {
  return "reasoning " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::reasoning_end& p) {
  return "reasoning_end " + std::to_string(p.key) + " [" + p.signature + "] ["
         + p.encrypted + "]";
}
std::string line(const part::signature& p) {
  return "signature " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::tool_start& p) {
  return "tool_start " + std::to_string(p.key) + " " + p.id + " " + p.name
         + " [" + p.kind + "]" + (p.provider_executed ? " provider" : "");
}
std::string line(const part::tool_input& p) {
  return "tool_input " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::tool_complete& p) {
  return "tool_complete " + std::to_string(p.key) + " " + p.input + " ["
         + p.item_id + "]";
}
std::string line(const part::tool_result& p) {
  return "tool_result " + std::to_string(p.key) + " " + p.tool_call_id + " "
         + p.tool_name + (p.is_error ? " error " : " ") + p.output_json;
}
std::string line(const part::file& p) {
  return "file " + std::to_string(p.key) + " " + p.content.media_type;
}
std::string line(const part::source& p) {
  return "source " + std::to_string(p.key) + " [" + p.citation.url + "] ["
         + p.citation.title + "] [" + p.citation.id + "]";
}
std::string line(const part::compaction& p) {
  return "compaction " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::usage& p) {
  const auto& u = p.tokens;
  return "usage " + std::string{to_string(u.known)}
         + " in=" + std::to_string(u.input_total)
         + " read=" + std::to_string(u.cache_read)
         + " write=" + std::to_string(u.cache_write)
         + " out=" + std::to_string(u.output_total)
         + " reasoning=" + std::to_string(u.reasoning);
}
std::string line(const part::finished& p) {
  return "finished " + std::string{to_string(p.why.reason)} + " "
         + p.why.raw.value_or("-")
         + (p.explanation.empty() ? "" : ": " + p.explanation);
}
std::string line(const part::failed& p) {
  return "failed " + std::string{to_string(p.why.code)} + ": " + p.why.message;
}

} // namespace

std::vector<recording> anthropic_recordings() {
  return recordings_of("anthropic-messages");
}

std::string sse(const std::vector<std::string>& events) {
  std::string body;
  for (const auto& data : events) {
    const auto value = parse_json(data);
    body += "event: " + (value ? text_of(*value, "type") : "x")
            + "\ndata: " + data + "\n\n";
  }
  return body;
}

std::vector<stream_part> decode(std::string_view body,
                                const std::vector<std::size_t>& cuts) {
  auto decoder = anthropic_codec().make_decoder("");
  part_batch batch;
  std::size_t begin = 0;
  for (const auto cut : cuts) {
    decoder->push(body.substr(begin, cut - begin), batch);
    begin = cut;
  }
  decoder->push(body.substr(begin), batch);
  decoder->end(batch);
  return batch.take();
}

std::vector<std::string> lines_of(const std::vector<stream_part>& parts) {
  std::vector<std::string> lines;
  for (const auto& part : parts)
    lines.push_back(std::visit([](const auto& p) { return line(p); }, part));
  return lines;
}

} // namespace penstock::test
