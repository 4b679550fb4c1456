// What a decoder makes of a body, in a form that can be compared and judged.
#pragma once

#include "messages/check.hpp"
#include "providers/codec.hpp"
#include "providers/utf8.hpp"
#include "tests/fuzz/pieces.hpp"

#include <map>
#include <tuple>
#include <vector>

namespace penstock::fuzz {

// Every field of a part, for comparison.
inline auto fields(const part::response_info& p) {
  return std::tie(p.id, p.model);
}
inline auto fields(const part::text& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::text_end& p) {
  return std::tie(p.key, p.phase);
}
inline auto fields(const part::refusal& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::reasoning& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::reasoning_end& p) {
  return std::tie(p.key, p.signature, p.encrypted, p.item_id);
}
inline auto fields(const part::signature& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::tool_start& p) {
  return std::tie(p.key, p.id, p.name, p.kind, p.provider_executed);
}
inline auto fields(const part::tool_input& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::tool_complete& p) {
  return std::tie(p.key, p.input, p.signature, p.item_id);
}
inline auto fields(const part::tool_result& p) {
  return std::tie(p.key, p.tool_call_id, p.tool_name, p.output_json,
                  p.is_error);
}
inline auto fields(const part::file& p) {
  return std::tie(p.key, p.content.media_type, p.content.bytes, p.content.url,
                  p.content.name);
}
inline auto fields(const part::source& p) {
  return std::tie(p.key, p.citation.url, p.citation.title, p.citation.id,
                  p.citation.detail_json);
}
inline auto fields(const part::compaction& p) {
  return std::tie(p.key, p.bytes);
}
inline auto fields(const part::usage& p) {
  return std::tie(p.tokens.known, p.tokens.input_total, p.tokens.cache_read,
                  p.tokens.cache_write, p.tokens.output_total,
                  p.tokens.reasoning);
}
inline auto fields(const part::finished& p) {
  return std::tie(p.why.reason, p.why.raw, p.explanation);
}
inline auto fields(const part::failed& p) {
  return std::tie(p.why.code, p.why.message, p.why.provider_status,
                  p.why.retry_after, p.why.should_retry);
}

inline bool same(const stream_part& a, const stream_part& b) {
  return a.index() == b.index()
         && std::visit(
           [&](const auto& p) {
             return fields(p) == fields(std::get<std::decay_t<decltype(p)>>(b));
           },
           a);
}

struct decoded {
  part_batch parts; ///< Adjacent deltas of one part merged.
  bool finished = false;

  void take(std::vector<stream_part> more) {
    for (auto& p : more) {
      if (const auto* t = std::get_if<part::text>(&p))
        parts.text(t->key, t->bytes);
      else if (const auto* r = std::get_if<part::reasoning>(&p))
        parts.reasoning(r->key, r->bytes);
      else if (const auto* f = std::get_if<part::refusal>(&p))
        parts.refusal(f->key, f->bytes);
      else if (const auto* i = std::get_if<part::tool_input>(&p))
        parts.tool_input(i->key, i->bytes);
      else
        parts.add(std::move(p));
    }
  }
};

inline void check_same(const decoded& a, const decoded& b) {
  PENSTOCK_CHECK(a.finished == b.finished);
  const auto& some = a.parts.parts();
  const auto& others = b.parts.parts();
  PENSTOCK_CHECK(some.size() == others.size());
  for (std::size_t i = 0; i < some.size(); ++i)
    PENSTOCK_CHECK(same(some[i], others[i]));
}

/// @param cut feed the body in pieces, not as a whole.
inline decoded decode(response_decoder& decoder, std::string_view body,
                      bool cut) {
  decoded result;
  const auto push = [&](std::string_view piece) {
    part_batch batch;
    decoder.push(piece, batch);
    result.take(batch.take());
  };
  if (cut)
    in_pieces(body, push);
  else
    push(body);
  part_batch batch;
  decoder.end(batch);
  result.take(batch.take());
  result.finished = decoder.finished();
  return result;
}

inline decoded decode(std::string_view api, std::string_view body, bool cut) {
  const auto decoder = find_codec(api)->make_decoder({});
  return decode(*decoder, body, cut);
}

} // namespace penstock::fuzz
