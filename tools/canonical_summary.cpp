#include "tools/canonical_summary.hpp"

#include "providers/decoding.hpp"
#include "providers/json.hpp"
#include "tools/sha256.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace penstock::cli {

namespace {

ordered_json null_if_empty(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json value_or_null(const std::string& text) {
  auto value = parse_ordered_json(text);
  return value ? std::move(*value) : ordered_json();
}

// Signed: one provider has been seen to report more cached than read tokens.
std::int64_t uncached(const token_usage& u) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  const auto cached = decoding::sum(u.cache_read, u.cache_write);
  return u.input_total >= cached
           ? static_cast<std::int64_t>(std::min(u.input_total - cached, most))
           : -static_cast<std::int64_t>(std::min(cached - u.input_total, most));
}

ordered_json usage_object(const token_usage& u) {
  return {{"input_total", u.input_total},   {"input_uncached", uncached(u)},
          {"cache_read", u.cache_read},     {"cache_write", u.cache_write},
          {"output_total", u.output_total}, {"reasoning", u.reasoning}};
}

} // namespace

void canonical_summary::add(const stream_part& part) {
  std::visit([this](const auto& p) { take(p); }, part);
}

// Consecutive parts of one kind count as one.
void canonical_summary::ordered(const char* kind) {
  if (order_.empty() || order_.back() != kind)
    order_.emplace_back(kind);
}

void canonical_summary::take(const part::response_info& p) {
  if (id_.empty())
    id_ = p.id;
  if (model_.empty())
    model_ = p.model;
}

void canonical_summary::take(const part::text& p) {
  text_ += p.bytes;
  ordered("text");
}

void canonical_summary::take(const part::refusal& p) {
  refusal_ += p.bytes;
  ordered("refusal");
}

void canonical_summary::take(const part::reasoning& p) {
  reasoning_ += p.bytes;
  ordered("reasoning");
}

void canonical_summary::take(const part::reasoning_end& p) {
  if (!p.signature.empty())
    signatures_.push_back(p.signature);
  if (!p.encrypted.empty())
    encrypted_.push_back(p.encrypted);
}

void canonical_summary::take(const part::signature& p) {
  signatures_.push_back(p.bytes);
}

void canonical_summary::take(const part::tool_start& p) {
  by_key_[p.key] = calls_.size();
  calls_.push_back({p.key, p.id, p.name, p.kind, {}, p.provider_executed});
  ordered("tool_call");
}

void canonical_summary::take(const part::tool_complete& p) {
  if (!p.signature.empty())
    signatures_.push_back(p.signature);
  if (const auto it = by_key_.find(p.key); it != by_key_.end()) {
    calls_[it->second].input = p.input;
    calls_[it->second].complete = true;
  }
}

void canonical_summary::take(const part::tool_result& p) {
  results_.push_back({p.tool_call_id, p.tool_name, p.output_json, p.is_error});
  ordered("tool_result");
}

void canonical_summary::take(const part::file& p) {
  if (!p.content.bytes.empty())
    files_.push_back(p.content);
  if (!p.content.signature.empty())
    signatures_.push_back(p.content.signature);
  ordered("file");
}

void canonical_summary::take(const part::source& p) {
  sources_.push_back(p.citation);
  ordered("source");
}

void canonical_summary::take(const part::compaction& p) {
  compaction_ += p.bytes;
}

void canonical_summary::take(const part::usage& p) {
  usage_ = p.tokens;
}

void canonical_summary::take(const part::finished& p) {
  finish_ = p.why;
}

void canonical_summary::take(const part::failed& p) {
  errors_.push_back(p.why);
  if (p.finish_raw)
    raw_beside_error_ = p.finish_raw;
}

std::string canonical_summary::text() const {
  ordered_json o{{"schema", "llm-stream-canonical/1"},
                 {"response_id", null_if_empty(id_)},
                 {"model", null_if_empty(model_)},
                 {"text", text_},
                 {"reasoning", reasoning_},
                 {"refusal", refusal_},
                 {"signatures", signatures_},
                 {"encrypted", encrypted_}};
  if (!compaction_.empty())
    o["compaction"] = compaction_;
  auto& calls = o["tool_calls"] = ordered_json::array();
  auto provider_calls = ordered_json::array();
  for (const auto& c : calls_) {
    if (!c.complete)
      continue;
    ordered_json shown{{"id", null_if_empty(c.id)},
                       {"name", c.name},
                       {"input", c.kind == "custom" ? ordered_json(c.input)
                                                    : value_or_null(c.input)},
                       {"input_text", c.input}};
    if (!c.kind.empty())
      shown["kind"] = c.kind;
    (c.provider_executed ? provider_calls : calls).push_back(std::move(shown));
  }
  o["provider_tool_calls"] = std::move(provider_calls);
  auto& results = o["provider_tool_results"] = ordered_json::array();
  for (const auto& r : results_)
    results.push_back({{"tool_call_id", null_if_empty(r.tool_call_id)},
                       {"name", r.tool_name},
                       {"output", value_or_null(r.output_json)},
                       {"is_error", r.is_error}});
  auto& sources = o["sources"] = ordered_json::array();
  for (const auto& s : sources_)
    sources.push_back({{"url", null_if_empty(s.url)},
                       {"title", null_if_empty(s.title)},
                       {"id", null_if_empty(s.id)}});
  auto& files = o["files"] = ordered_json::array();
  for (const auto& f : files_)
    files.push_back({{"media_type", f.media_type},
                     {"bytes", f.bytes.size()},
                     {"sha256", sha256_hex(f.bytes)}});
  const auto unified = !errors_.empty() ? "error"
                       : !finish_       ? "incomplete"
                                        : to_string(finish_->reason);
  o["finish"] = {{"unified", unified}, {"raw", nullptr}};
  if (const auto& raw = finish_ ? finish_->raw : raw_beside_error_)
    o["finish"]["raw"] = *raw;
  o["usage"] = usage_ ? usage_object(*usage_) : ordered_json();
  auto& errors = o["errors"] = ordered_json::array();
  for (const auto& e : errors_)
    errors.push_back(
      {{"error_class", to_string(e.code)}, {"message", e.message}});
  o["order"] = order_;
  return to_text(o);
}

} // namespace penstock::cli
