// Values of the history and of a stream's end as bytes, for packed_row and
// packed_end; nobody else's.
#pragma once

#include "actors/packed_block.hpp"
#include "messages/check.hpp"
#include "messages/request.hpp"
#include "messages/stream.hpp"

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::packing {

template <class T, class Plain>
concept maybe_const = std::same_as<std::remove_const_t<T>, Plain>;

// The members of each type, once for both directions.

void members(auto& io, maybe_const<text_content> auto& c) {
  io.all(c.text, c.signature, c.phase, c.citations_json);
}
void members(auto& io, maybe_const<reasoning_content> auto& c) {
  io.all(c.text, c.signature, c.encrypted, c.item_id);
}
void members(auto& io, maybe_const<refusal_content> auto& c) {
  io.all(c.text);
}
void members(auto& io, maybe_const<file_content> auto& c) {
  io.all(c.media_type, c.bytes, c.url, c.name, c.signature);
}
void members(auto& io, maybe_const<tool_call_content> auto& c) {
  io.all(c.id, c.name, c.input_json, c.kind, c.signature, c.item_id,
         c.provider_executed);
}
void members(auto& io, maybe_const<tool_result_content> auto& c) {
  io.all(c.tool_call_id, c.tool_name, c.output_json, c.is_error,
         c.provider_executed, c.files);
}
void members(auto& io, maybe_const<message> auto& m) {
  io.all(m.from, m.parts, m.made_by);
}
void members(auto& io, maybe_const<history_row> auto& r) {
  io.all(r.sequence, r.message_id, r.messages, r.how);
}
void members(auto& io, maybe_const<finish> auto& f) {
  io.all(f.reason, f.raw);
}
void members(auto& io, maybe_const<token_usage> auto& u) {
  io.all(u.known, u.input_total, u.cache_read, u.cache_write, u.output_total,
         u.reasoning);
}
void members(auto& io, maybe_const<model_usage> auto& u) {
  io.all(u.model, u.usage);
}
void members(auto& io, maybe_const<final_part> auto& p) {
  io.all(p.part, p.content, p.how);
}
void members(auto& io, maybe_const<error> auto& e) {
  io.all(e.code, e.message, e.provider_status, e.retry_after, e.should_retry);
}
void members(auto& io, maybe_const<event::stream_end> auto& e) {
  io.all(e.why, e.usage, e.usage_by_model, e.duration, e.time_to_first_token,
         e.model, e.requested_model, e.refused_models, e.failed_models,
         e.metadata_json, e.parts);
}
void members(auto& io, maybe_const<event::stream_abort> auto& e) {
  io.all(e.why, e.abandoned, e.usage, e.usage_by_model, e.metadata_json,
         e.parts);
}
void members(auto& io, maybe_const<event::stream_error> auto& e) {
  io.all(e.why, e.retryable, e.usage, e.usage_by_model, e.requested_model,
         e.refused_models, e.failed_models, e.metadata_json, e.parts);
}

class writer {
public:
  template <class... T>
  void all(const T&... values) {
    (one(values), ...);
  }
  std::string_view bytes() const noexcept { return bytes_; }

private:
  void number(std::uint64_t n) { // Seven bits a byte, the low ones first.
    for (; n >= 0x80; n >>= 7)
      bytes_.push_back(static_cast<char>(n | 0x80));
    bytes_.push_back(static_cast<char>(n));
  }
  template <class T>
  requires std::is_enum_v<T> || std::integral<T>
  void one(T value) { number(static_cast<std::uint64_t>(value)); }
  void one(std::chrono::milliseconds value) { one(value.count()); }
  template <class T>
  void one(const std::optional<T>& value) {
    one(value.has_value());
    if (value)
      one(*value);
  }
  void one(const std::string& text) {
    number(text.size());
    bytes_ += text;
  }
  template <class T>
  void one(const std::vector<T>& values) {
    number(values.size());
    for (const auto& v : values)
      one(v);
  }
  void one(const content& c) {
    number(c.index());
    std::visit([this](const auto& what) { members(*this, what); }, c);
  }
  template <class T>
  requires std::is_class_v<T>
  void one(const T& value) { members(*this, value); }

  std::string bytes_;
};

class reader {
public:
  explicit reader(std::string_view bytes) : bytes_(bytes) {}

  template <class... T>
  void all(T&... values) {
    (one(values), ...);
  }
  bool at_end() const noexcept { return bytes_.empty(); }

private:
  std::string_view take(std::size_t n) {
    PENSTOCK_CHECK(n <= bytes_.size());
    const auto taken = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      n |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80)
        return n;
    }
  }
  template <class T>
  requires std::is_enum_v<T> || std::integral<T>
  void one(T& value) { value = static_cast<T>(number()); }
  void one(std::chrono::milliseconds& value) {
    value = std::chrono::milliseconds{static_cast<std::int64_t>(number())};
  }
  template <class T>
  void one(std::optional<T>& value) {
    if (number() != 0)
      one(value.emplace());
  }
  void one(std::string& text) { text = take(number()); }
  template <class T>
  void one(std::vector<T>& values) {
    values.resize(number());
    for (auto& v : values)
      one(v);
  }
  void one(content& c) { alternative(c, number()); }
  template <class T>
  requires std::is_class_v<T>
  void one(T& value) { members(*this, value); }

  template <std::size_t I = 0>
  void alternative(content& c, std::size_t index) {
    if constexpr (I < std::variant_size_v<content>) {
      if (index != I)
        return alternative<I + 1>(c, index);
      members(*this, c.emplace<I>());
    } else {
      PENSTOCK_CHECK(!"a part of no kind");
    }
  }

  std::string_view bytes_;
};

template <class T>
packed_block packed(const T& value) {
  writer out;
  out.all(value);
  return packed_block{out.bytes()};
}

template <class T>
T unpacked(std::string_view bytes) {
  T value;
  reader in{bytes};
  in.all(value);
  PENSTOCK_CHECK(in.at_end());
  return value;
}

} // namespace penstock::packing
