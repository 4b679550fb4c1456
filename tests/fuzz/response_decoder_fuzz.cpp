// Any bytes as the body of any API's answer give parts that a reader can rely
// on: valid UTF-8, calls that begin before they end and end once, at most one
// end, and nothing after a failure.
#include "tests/fuzz/decoded_parts.hpp"

#include <set>
#include <string>

namespace {

using namespace penstock;

bool valid(const std::string& text) {
  return valid_utf8_prefix(text) == text.size();
}

/// Takes the parts of one answer in order.
class reader {
public:
  void operator()(const part::response_info& p) {
    PENSTOCK_CHECK(valid(p.id) && valid(p.model));
  }
  void operator()(const part::text& p) { shown(p.key, p.bytes); }
  void operator()(const part::refusal& p) { shown(p.key, p.bytes); }
  void operator()(const part::reasoning& p) { shown(p.key, p.bytes); }
  void operator()(const part::text_end& p) { end(p.key); }
  void operator()(const part::reasoning_end& p) {
    PENSTOCK_CHECK(valid(p.signature) && valid(p.encrypted)
                   && valid(p.item_id));
    end(p.key);
  }
  void operator()(const part::signature& p) { PENSTOCK_CHECK(valid(p.bytes)); }
  void operator()(const part::tool_start& p) {
    PENSTOCK_CHECK(valid(p.id) && valid(p.name) && valid(p.kind));
    PENSTOCK_CHECK(calls_.insert(p.key).second);
  }
  void operator()(const part::tool_input& p) {
    PENSTOCK_CHECK(calls_.contains(p.key));
    shown(p.key, p.bytes);
  }
  void operator()(const part::tool_complete& p) {
    PENSTOCK_CHECK(calls_.contains(p.key));
    PENSTOCK_CHECK(valid(p.input) && !p.input.empty());
    PENSTOCK_CHECK(valid(p.signature) && valid(p.item_id));
    end(p.key);
  }
  void operator()(const part::tool_result& p) {
    PENSTOCK_CHECK(valid(p.tool_call_id) && valid(p.tool_name)
                   && valid(p.output_json));
  }
  void operator()(const part::file& p) {
    PENSTOCK_CHECK(valid(p.content.media_type) && valid(p.content.url)
                   && valid(p.content.name));
  }
  void operator()(const part::source& p) {
    PENSTOCK_CHECK(valid(p.citation.url) && valid(p.citation.title)
                   && valid(p.citation.id) && valid(p.citation.detail_json));
  }
  void operator()(const part::compaction& p) { PENSTOCK_CHECK(valid(p.bytes)); }
  void operator()(const part::usage&) {}
  void operator()(const part::finished& p) {
    PENSTOCK_CHECK(!p.why.raw || valid(*p.why.raw));
    PENSTOCK_CHECK(valid(p.explanation));
    PENSTOCK_CHECK(!std::exchange(finished_, true));
  }
  void operator()(const part::failed& p) {
    PENSTOCK_CHECK(p.why.code != errc::none && p.why.code != errc::aborted);
    PENSTOCK_CHECK(!p.why.message.empty() && valid(p.why.message));
    failed_ = true;
  }

  bool finished() const { return finished_; }
  bool failed() const { return failed_; }

private:
  void shown(part_key key, const std::string& bytes) {
    PENSTOCK_CHECK(valid(bytes));
    PENSTOCK_CHECK(!ended_.contains(key));
  }
  void end(part_key key) { PENSTOCK_CHECK(ended_.insert(key).second); }

  std::set<part_key> calls_, ended_;
  bool finished_ = false, failed_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  for (const auto api : codec_names()) {
    const auto answer =
      fuzz::decode(api, fuzz::view(data, size), /*cut*/ false);
    reader judge;
    for (const auto& part : answer.parts.parts()) {
      PENSTOCK_CHECK(!judge.failed());
      std::visit(judge, part);
    }
    if (judge.finished() && !judge.failed())
      PENSTOCK_CHECK(answer.finished);
  }
  return 0;
}
