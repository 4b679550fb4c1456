#include "tests/support/anthropic_streams.hpp"

#include "providers/json.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

namespace penstock::test {

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string line(const part::response_info& p) {
  return "response " + p.id + " " + p.model;
}
std::string line(const part::text& p) {
  return "text " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::text_end& p) {
  return "text_end " + std::to_string(p.key);
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
  return "file " + std::to_string(p.key) + " " + p.what.media_type;
}
std::string line(const part::source& p) {
  return "source " + std::to_string(p.key) + " [" + p.what.url + "] ["
         + p.what.title + "] [" + p.what.id + "]";
}
std::string line(const part::compaction& p) {
  return "compaction " + std::to_string(p.key) + " " + p.bytes;
}
std::string line(const part::usage& p) {
  const auto& u = p.what;
  return "usage " + std::string{to_string(u.known)}
         + " in=" + std::to_string(u.input_total)
         + " read=" + std::to_string(u.cache_read)
         + " write=" + std::to_string(u.cache_write)
         + " out=" + std::to_string(u.output_total)
         + " reasoning=" + std::to_string(u.reasoning);
}
std::string line(const part::finished& p) {
  return "finished " + std::string{to_string(p.why.reason)} + " "
         + p.why.raw.value_or("-");
}
std::string line(const part::failed& p) {
  return "failed " + std::string{to_string(p.why.code)} + ": " + p.why.message;
}

} // namespace

std::vector<recording> anthropic_recordings() {
  const char* root = std::getenv("PENSTOCK_CORPUS");
  std::vector<recording> all;
  for (const char* set : {"open", "open-cassettes"}) {
    const fs::path folder =
      fs::path{root ? root : "../shared/corpus"} / set / "anthropic-messages";
    if (!fs::is_directory(folder)) {
      std::fprintf(stderr,
                   "SKIPPED: no %s; set PENSTOCK_CORPUS to the folder of the "
                   "recordings\n",
                   folder.string().c_str());
      std::exit(77);
    }
    for (const auto& entry : fs::directory_iterator{folder})
      all.push_back({entry.path().filename().string(),
                     read(entry.path() / "stream.sse"),
                     read(entry.path() / "request.json")});
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
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

message message_of(const std::vector<stream_part>& parts, std::string made_by) {
  message m{role::assistant, {}, std::move(made_by)};
  std::map<part_key, std::size_t> at; // where the part is in the message
  std::map<part_key, part::tool_start> calls;
  std::map<part_key, std::string> thoughts;
  for (const auto& part : parts) {
    if (const auto* t = std::get_if<part::text>(&part)) {
      if (at.emplace(t->key, m.parts.size()).second)
        m.parts.push_back(text_content{});
      std::get<text_content>(m.parts[at[t->key]]).text += t->bytes;
    } else if (const auto* r = std::get_if<part::reasoning>(&part)) {
      thoughts[r->key] += r->bytes;
    } else if (const auto* e = std::get_if<part::reasoning_end>(&part)) {
      m.parts.push_back(reasoning_content{thoughts[e->key], e->signature,
                                          e->encrypted, e->item_id});
    } else if (const auto* s = std::get_if<part::tool_start>(&part)) {
      calls[s->key] = *s;
    } else if (const auto* c = std::get_if<part::tool_complete>(&part)) {
      const auto& call = calls[c->key];
      m.parts.push_back(tool_call_content{call.id, call.name, c->input,
                                          call.kind, c->signature, c->item_id,
                                          call.provider_executed});
    } else if (const auto* o = std::get_if<part::tool_result>(&part)) {
      m.parts.push_back(tool_result_content{
        o->tool_call_id, o->tool_name, o->output_json, o->is_error, true, {}});
    }
  }
  return m;
}

} // namespace penstock::test
