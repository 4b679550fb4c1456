#include "runtime/stored_parts.hpp"

#include "actors/stream_growth.hpp"
#include "runtime/record_json.hpp"

#include <array>
#include <functional>
#include <utility>

namespace penstock {

namespace {

using kind = growth_row::kind;

struct bytes_of_content {
  template <class Content>
  std::string* operator()(Content& c) const {
    if constexpr (requires { c.text; })
      return &c.text;
    else if constexpr (requires { c.input_json; })
      return &c.input_json;
    else
      return nullptr;
  }
};

const std::string* bytes_in(const content& what) {
  return std::visit(bytes_of_content{}, const_cast<content&>(what));
}

std::size_t hash_of(const std::string& text) {
  const auto hash = std::hash<std::string>{}(text);
  return hash == 0 ? 1 : hash;
}

std::size_t hash_of_shape(const content& what) {
  return hash_of(to_text(json_of(shape_of(what))));
}

} // namespace

// ---- rows ------------------------------------------------------------------

namespace {

struct growth_maker {
  using made = std::optional<growth_row>;

  made operator()(const record::part_grown& r) const {
    growth_row row{kind::grown, r.part, r.offset, {}, r.bytes};
    if (r.shape)
      row.shape = to_text(json_of(*r.shape));
    return row;
  }
  made operator()(const record::part_closed& r) const {
    return growth_row{kind::closed, r.part, static_cast<std::uint64_t>(r.how),
                      to_text(json_of(r.shape)), r.bytes};
  }
  made operator()(const record::parts_retracted& r) const {
    return growth_row{kind::retracted, r.from_part, 0, {}, {}};
  }
  made operator()(const record::tool_started& r) const {
    return growth_row{kind::started, r.part, 0, {}, {}};
  }
  made operator()(const record::tool_ended& r) const {
    return growth_row{
      kind::result, r.part, 0, to_text(json_of(content{r.result})), {}};
  }
  made operator()(const record::attempt_began& r) const {
    return growth_row{kind::span, r.from_part, r.step, r.made_by, {}};
  }
  template <class Other>
  made operator()(const Other&) const {
    return std::nullopt;
  }
};

} // namespace

std::optional<growth_row> growth_of(const store_record& record) {
  return std::visit(growth_maker{}, record);
}

// ---- stored_parts ----------------------------------------------------------

void stored_parts::apply(growth_row row) {
  whole_.clear();
  switch (row.what) {
  case kind::span:
    spans_.push_back(
      {static_cast<std::uint32_t>(row.at), row.part, 0, std::move(row.shape)});
    return;
  case kind::retracted:
    parts_.erase(parts_.lower_bound(row.part), parts_.end());
    return;
  default:
    break;
  }
  auto& e = parts_[row.part];
  const auto shape = row.shape.empty()
                       ? std::optional<content>{}
                       : content_in(parse_json(row.shape).value_or(json{}));
  switch (row.what) {
  case kind::grown:
    if (shape)
      e.content = *shape;
    if (row.bytes && row.at == e.bytes.size()) // Else a gap: what follows goes.
      e.bytes += *row.bytes;
    return;
  case kind::closed:
    if (shape)
      e.content = *shape;
    e.how = row.at == 0 ? final_part::state::complete : final_part::state::cut;
    if (row.bytes)
      e.bytes = std::move(*row.bytes);
    return;
  case kind::started:
    e.started = true;
    return;
  case kind::result:
    e.result = shape;
    return;
  default:
    return; // Of a newer version.
  }
}

content stored_parts::whole(const entry& e) {
  auto what = e.content;
  if (auto* bytes = std::visit(bytes_of_content{}, what))
    *bytes = e.bytes;
  return what;
}

std::vector<final_part> stored_parts::parts() const {
  std::vector<final_part> all;
  for (const auto& [number, e] : parts_) {
    auto how = e.how;
    const auto* call = std::get_if<tool_call_content>(&e.content);
    if (call && how == final_part::state::complete && e.started && !e.result)
      how = final_part::state::unknown_outcome;
    all.push_back({number, whole(e), how});
    if (e.result)
      all.push_back({number, *e.result, final_part::state::complete});
  }
  return all;
}

std::vector<attempt_span> stored_parts::spans() const {
  auto all = spans_;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i].to = i + 1 < all.size() ? all[i + 1].from : UINT32_MAX;
  return all;
}

const content* stored_parts::find(std::uint32_t part) const {
  const auto it = parts_.find(part);
  if (it == parts_.end())
    return nullptr;
  const auto made = whole_.try_emplace(part, content{});
  if (made.second)
    made.first->second = whole(it->second);
  return &made.first->second;
}

const content* stored_parts::find_result(std::uint32_t part) const {
  const auto it = parts_.find(part);
  return it == parts_.end() || !it->second.result ? nullptr
                                                  : &*it->second.result;
}

// ---- parts_digest ----------------------------------------------------------

void parts_digest::apply(const growth_row& row) {
  if (row.what == kind::span || row.what == kind::started)
    return;
  if (row.what == kind::retracted) {
    parts_.erase(parts_.lower_bound(row.part), parts_.end());
    return;
  }
  auto& e = parts_[row.part];
  if (row.what == kind::result) {
    e.result = hash_of(row.shape);
    return;
  }
  if (!row.shape.empty())
    e.shape = hash_of(row.shape);
  if (row.what == kind::closed && row.bytes) {
    e.length = row.bytes->size();
  } else if (row.bytes) {
    e.intact = e.intact && row.at == e.length;
    e.length += row.bytes->size();
  }
}

bool parts_digest::holds(std::uint32_t part, const content& what) const {
  const auto it = parts_.find(part);
  if (it == parts_.end() || !it->second.intact)
    return false;
  const auto* bytes = bytes_in(what);
  return it->second.length == (bytes ? bytes->size() : 0)
         && it->second.shape == hash_of_shape(what);
}

bool parts_digest::holds_result(std::uint32_t part, const content& what) const {
  const auto it = parts_.find(part);
  return it != parts_.end() && it->second.result != 0
         && it->second.result == hash_of(to_text(json_of(what)));
}

// ---- references ------------------------------------------------------------

json refer(const std::vector<final_part>& parts, const parts_digest& stored) {
  auto all = json::array();
  for (const auto& p : parts) {
    const bool result = std::holds_alternative<tool_result_content>(p.content);
    auto one = json::array();
    if (result ? stored.holds_result(p.part, p.content)
               : stored.holds(p.part, p.content)) {
      one.push_back(p.part);
      one.push_back(name_of(p.how));
      if (result)
        one.push_back("result");
    } else {
      one = json{{"part", p.part}, {"state", name_of(p.how)}};
      one["content"] = json_of(p.content);
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<final_part> parts_in(const json& value, const stored_parts& rows) {
  std::vector<final_part> parts;
  if (!value.is_array())
    return parts;
  for (const auto& one : value) {
    final_part p;
    const bool inside = one.is_object();
    p.part = static_cast<std::uint32_t>(
      count_of(inside ? member(one, "part") : element(one, 0)).value_or(0));
    p.how =
      part_state_in(bytes_of(inside ? member(one, "state") : element(one, 1)));
    if (inside) {
      p.content = content_in(member(one, "content")).value_or(text_content{});
    } else {
      const auto* found = bytes_of(element(one, 2)) == "result"
                            ? rows.find_result(p.part)
                            : rows.find(p.part);
      p.content = found ? *found : content{text_content{}};
    }
    parts.push_back(std::move(p));
  }
  return parts;
}

namespace {

/// Finds the contents of messages among the parts, in their order.
struct reference_finder {
  const std::vector<final_part>& parts;
  const parts_digest& stored;

  /// Text that was cut and went on is several parts.
  json joined(const text_content& text) const {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::size_t at = 0;
      auto numbers = json::array();
      for (auto j = i; j < parts.size(); ++j) {
        const auto* piece = std::get_if<text_content>(&parts[j].content);
        if (!piece || piece->text.empty())
          continue;
        if (text.text.compare(at, piece->text.size(), piece->text) != 0
            || !stored.holds(parts[j].part, parts[j].content))
          break;
        at += piece->text.size();
        numbers.push_back(parts[j].part);
        if (at == text.text.size())
          return numbers;
      }
    }
    return {};
  }

  json find(const content& what) const {
    if (auto* text = std::get_if<text_content>(&what)) {
      if (auto numbers = joined(*text); !numbers.is_null()) {
        json one{{"text", std::move(numbers)}};
        if (!text->signature.empty())
          one["signature"] = text->signature;
        if (!text->phase.empty())
          one["phase"] = text->phase;
        if (!text->citations_json.empty())
          one["citations"] = text->citations_json;
        return one;
      }
      return json_of(what);
    }
    for (const auto& p : parts) {
      if (p.content.index() != what.index() || p.content != what)
        continue;
      if (std::holds_alternative<tool_result_content>(what)) {
        if (stored.holds_result(p.part, what))
          return json{{"result", p.part}};
      } else if (stored.holds(p.part, what)) {
        return json{{"part", p.part}};
      }
    }
    return json_of(what);
  }
};

constexpr std::array<std::string_view, 4> role_names{"system", "user",
                                                     "assistant", "tool"};

content found_or_empty(const content* found) {
  return found ? *found : content{text_content{}};
}

content content_at(const json& one, const stored_parts* rows) {
  if (one.contains("type") || !rows)
    return content_in(one).value_or(text_content{});
  const auto number = [](const json& v) {
    return static_cast<std::uint32_t>(count_of(v).value_or(0));
  };
  if (one.contains("result"))
    return found_or_empty(rows->find_result(number(member(one, "result"))));
  if (one.contains("part"))
    return found_or_empty(rows->find(number(member(one, "part"))));
  text_content text{{},
                    text_of(one, "signature"),
                    text_of(one, "phase"),
                    text_of(one, "citations")};
  for (const auto& n : member(one, "text"))
    if (const auto* found = rows->find(number(n)))
      if (const auto* bytes = bytes_in(*found))
        text.text += *bytes;
  return text;
}

} // namespace

json refer(const std::vector<message>& messages,
           const std::vector<final_part>& parts, const parts_digest& stored) {
  const reference_finder finder{parts, stored};
  auto all = json::array();
  for (const auto& m : messages) {
    json one{{"role", role_names[static_cast<std::size_t>(m.from)]}};
    if (!m.made_by.empty())
      one["made_by"] = m.made_by;
    auto& contents = one["parts"] = json::array();
    for (const auto& c : m.parts)
      contents.push_back(finder.find(c));
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<message> messages_in(const json& value, const stored_parts* rows) {
  std::vector<message> messages;
  if (!value.is_array())
    return messages;
  for (const auto& one : value) {
    message m;
    for (std::size_t i = 0; i < role_names.size(); ++i)
      if (bytes_of(one, "role") == role_names[i])
        m.from = static_cast<role>(i);
    m.made_by = text_of(one, "made_by");
    if (const auto& contents = member(one, "parts"); contents.is_array())
      for (const auto& c : contents)
        m.parts.push_back(content_at(c, rows));
    messages.push_back(std::move(m));
  }
  return messages;
}

} // namespace penstock
