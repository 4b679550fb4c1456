#include "tests/support/recordings.hpp"

#include "providers/json.hpp"
#include "tests/support/skipping.hpp"

#include <algorithm>
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

} // namespace

std::vector<recording> recordings_of(const std::string& api) {
  const char* root = std::getenv("PENSTOCK_CORPUS");
  std::vector<recording> all;
  for (const char* set : {"open", "open-cassettes"}) {
    const fs::path folder =
      fs::path{root ? root : "../shared/corpus"} / set / api;
    if (!fs::is_directory(folder))
      testing::skip_case("no " + folder.string()
                         + "; set PENSTOCK_CORPUS to the folder of the "
                           "recordings");
    for (const auto& entry : fs::directory_iterator{folder}) {
      const auto meta = parse_json(read(entry.path() / "meta.json"));
      all.push_back({entry.path().filename().string(),
                     read(entry.path() / "stream.sse"),
                     read(entry.path() / "request.json"),
                     meta ? text_of(*meta, "provider") : ""});
    }
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
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
    } else if (const auto* end = std::get_if<part::text_end>(&part)) {
      if (const auto it = at.find(end->key); it != at.end())
        std::get<text_content>(m.parts[it->second]).phase = end->phase;
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
