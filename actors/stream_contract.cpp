#include "actors/stream_contract.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"
#include "messages/limits.hpp"
#include "providers/decoding.hpp"

#include <utility>

namespace penstock {

/// Applies one part after the other to the log.
struct stream_contract::visitor {
  stream_contract& self;
  stream_log& log;
  effect& done;

  // The state of `key`, opened by `open` if this is its first part.
  template <class Open>
  part_state& at(part_key key, Open open) {
    if (self.trim_ && self.withheld_of_ && *self.withheld_of_ != key)
      self.show_withheld(log);
    auto [it, fresh] = self.parts_.try_emplace(key);
    if (fresh) {
      it->second.number = open();
      it->second.open = true;
      done.output = true;
      check_count();
    }
    return it->second;
  }

  void check_count() {
    if (log.part_count() + self.sources_ > limits::stream_parts_max)
      done.why =
        decoding::over_limit("stream_parts_max", limits::stream_parts_max);
  }

  void text(part_state& p, std::string_view bytes) {
    if (!p.open || bytes.empty())
      return;
    footprint::note(footprint::place::part, p);
    log.append(p.number, bytes);
    done.output = true;
    if (log.text_bytes() > limits::stream_text_bytes_max)
      done.why = decoding::over_limit("stream_text_bytes_max",
                                      limits::stream_text_bytes_max);
  }

  void operator()(const part::response_info&) {}
  void operator()(const part::text& m) {
    const auto open = [&] { return log.open_text(); };
    if (!self.trim_ || self.withheld_of_.value_or(m.key) != m.key)
      return text(at(m.key, open), m.bytes);
    // Text that may repeat what was kept does not open its part yet.
    self.withheld_of_ = m.key;
    const auto shown = self.trim_->take(m.bytes);
    if (self.trim_->decided())
      self.trim_.reset();
    if (!shown.empty())
      text(at(m.key, open), shown);
  }
  void operator()(const part::refusal& m) {
    text(at(m.key, [&] { return log.open_refusal(); }), m.bytes);
  }
  void operator()(const part::reasoning& m) {
    text(at(m.key, [&] { return log.open_reasoning(); }), m.bytes);
  }
  void operator()(const part::text_end& m) {
    if (self.trim_ && self.withheld_of_ == m.key)
      self.show_withheld(log);
    if (self.withheld_of_ == m.key && !self.parts_.contains(m.key))
      return; // all of it was there before
    auto& p = at(m.key, [&] { return log.open_text(); });
    if (std::exchange(p.open, false)) {
      log.close_text(p.number, false, std::move(m.phase),
                     std::move(m.citations_json));
      done.part_closed = true;
    }
  }
  void operator()(const part::reasoning_end& m) {
    auto& p = at(m.key, [&] { return log.open_reasoning(); });
    if (std::exchange(p.open, false)) {
      log.close_reasoning(
        p.number,
        {{},
         m.signature.empty() ? std::move(p.signature) : m.signature,
         m.encrypted,
         m.item_id},
        false);
      done.part_closed = true;
    }
  }
  void operator()(const part::signature& m) {
    auto& p = at(m.key, [&] { return log.open_text(); });
    p.signature = m.bytes;
    log.sign(p.number, m.bytes);
  }
  void operator()(const part::tool_start& m) {
    auto& p = at(m.key, [&] {
      auto id = m.id.empty() ? "call_" + to_string(log.of()->stream) + "_"
                                 + std::to_string(log.size())
                             : m.id;
      return log.open_call(
        {std::move(id), m.name, {}, m.kind, {}, {}, m.provider_executed});
    });
    p.call = true;
    p.provider_executed = m.provider_executed;
  }
  void operator()(const part::tool_input& m) {
    const auto it = self.parts_.find(m.key);
    if (it == self.parts_.end() || !it->second.open)
      return;
    auto& p = it->second;
    if (p.input_bytes + m.bytes.size() > limits::tool_input_bytes_max) {
      done.why = decoding::over_limit("tool_input_bytes_max",
                                      limits::tool_input_bytes_max);
      return;
    }
    p.input_bytes += m.bytes.size();
    log.append(p.number, m.bytes);
    done.output = true;
  }
  void operator()(const part::tool_complete& m) {
    const auto it = self.parts_.find(m.key);
    if (it == self.parts_.end() || !std::exchange(it->second.open, false))
      return;
    if (m.input.size() > limits::tool_input_bytes_max)
      done.why = decoding::over_limit("tool_input_bytes_max",
                                      limits::tool_input_bytes_max);
    log.complete_call(it->second.number, m.input, m.signature, m.item_id);
  }
  // Its call may never have been seen: then it is a part with null input.
  void operator()(const part::tool_result& m) {
    auto& p = at(m.key, [&] {
      return log.open_call({m.tool_call_id, m.tool_name, {}, {}, {}, {}, true});
    });
    p.call = p.provider_executed = true;
    if (std::exchange(p.open, false))
      log.complete_call(p.number, "null", {}, {});
    // The wire may have no id; the call got ours.
    const auto* call =
      std::get_if<tool_call_content>(&log.content_of(p.number));
    auto id = call && m.tool_call_id.empty() ? call->id : m.tool_call_id;
    if (!log.has_result(p.number)) {
      log.add_result(
        p.number,
        {std::move(id), m.tool_name, m.output_json, m.is_error, true, {}});
      log.hold_last();
    }
    done.provider_result = true;
  }
  void operator()(const part::file& m) {
    auto& p = at(m.key, [&] { return log.add_file(m.content); });
    p.open = false;
  }
  void operator()(const part::source& m) {
    log.add_source(m.citation);
    ++self.sources_;
    check_count();
  }
  void operator()(const part::compaction&) {}
  void operator()(const part::usage& m) { self.usage_ = m.tokens; }
  void operator()(const part::finished&) {}
  void operator()(const part::failed&) {}
};

void stream_contract::begin_attempt(attempt_id id) {
  attempt_ = id;
  next_index_ = 0;
  trim_.reset();
  withheld_of_.reset();
  parts_.clear();
  usage_ = {};
}

// Whatever comes next comes behind it.
void stream_contract::show_withheld(stream_log& log) {
  const auto rest = std::exchange(trim_, std::nullopt)->end();
  if (rest.empty())
    return;
  const auto [it, fresh] = parts_.try_emplace(*withheld_of_);
  if (fresh) {
    it->second.number = log.open_text();
    it->second.open = true;
  }
  if (it->second.open)
    log.append(it->second.number, rest);
}

stream_contract::effect
stream_contract::take(std::uint32_t index,
                      const std::vector<stream_part>& parts, stream_log& log,
                      bool to_first_end) {
  PENSTOCK_CHECK(index == next_index_);
  ++next_index_;
  effect done;
  for (const auto& p : parts) {
    std::visit(visitor{*this, log, done}, p);
    if (done.why.code != errc::none
        || (to_first_end && (done.part_closed || done.provider_result)))
      break;
  }
  return done;
}

void stream_contract::end_attempt(bool cut, stream_log& log) {
  if (trim_ && withheld_of_)
    show_withheld(log);
  for (auto& [key, p] : parts_) {
    if (!std::exchange(p.open, false) || p.call)
      continue;
    const auto& what = log.content_of(p.number);
    if (std::holds_alternative<text_content>(what))
      log.close_text(p.number, cut);
    else if (std::holds_alternative<refusal_content>(what))
      log.close_refusal(p.number, cut);
    else
      log.close_reasoning(p.number, {{}, cut ? "" : p.signature, {}, {}}, cut);
  }
}

std::optional<std::uint32_t>
stream_contract::first_incomplete_call(const stream_log& log) const {
  std::optional<std::uint32_t> first;
  for (auto& [key, p] : parts_)
    if (p.call && !log.is_complete(p.number) && (!first || p.number < *first))
      first = p.number;
  return first;
}

std::optional<std::uint32_t> stream_contract::first_call() const {
  std::optional<std::uint32_t> first;
  for (auto& [key, p] : parts_)
    if (p.call && (!first || p.number < *first))
      first = p.number;
  return first;
}

std::vector<stream_contract::ready_call>
stream_contract::ready_calls(const stream_log& log) const {
  std::map<std::uint32_t, ready_call> in_order;
  for (auto& [key, p] : parts_)
    if (p.call && !p.provider_executed && log.is_complete(p.number)
        && !log.has_result(p.number))
      in_order[p.number] = {
        p.number, std::get<tool_call_content>(log.content_of(p.number))};
  std::vector<ready_call> calls;
  for (auto& [number, call] : in_order)
    calls.push_back(std::move(call));
  return calls;
}

} // namespace penstock
