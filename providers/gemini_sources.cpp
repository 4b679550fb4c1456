#include "providers/gemini_sources.hpp"

#include "messages/limits.hpp"

#include <initializer_list>
#include <utility>

namespace penstock::gemini {

namespace {

// The first of the members that holds a text.
std::string first_text(const json& value,
                       std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (auto text = text_of(value, name); !text.empty())
      return text;
  return {};
}

source source_of(const json& chunk) {
  for (const char* kind : {"web", "retrievedContext", "maps", "image"}) {
    const auto& what = member(chunk, kind);
    if (what.is_object())
      return {first_text(what, {"uri", "sourceUri", "imageUri"}),
              first_text(what, {"title", "domain"}),
              first_text(what, {"placeId", "documentName", "fileSearchStore"}),
              {}};
  }
  return {};
}

} // namespace

void source_collector::take(const json& candidate, part_writer& parts) {
  take_grounding(member(candidate, "groundingMetadata"), parts);
  const auto& cited = member(candidate, "citationMetadata");
  for (const char* name : {"citations", "citationSources"})
    if (const auto& list = member(cited, name); list.is_array())
      for (const auto& c : list)
        add(c, {text_of(c, "uri"), text_of(c, "title"), {}, {}}, parts);
  const auto& pages =
    member(member(candidate, "urlContextMetadata"), "urlMetadata");
  if (pages.is_array())
    for (const auto& page : pages)
      add(page, {text_of(page, "retrievedUrl"), {}, {}, {}}, parts);
}

void source_collector::take_grounding(const json& metadata,
                                      part_writer& parts) {
  if (!metadata.is_object())
    return;
  std::vector<std::size_t> chunks; // to entries_, by the index of the wire
  if (const auto& list = member(metadata, "groundingChunks"); list.is_array())
    for (const auto& chunk : list)
      chunks.push_back(add(chunk, source_of(chunk), parts));
  const auto& supports = member(metadata, "groundingSupports");
  if (supports.is_array())
    for (const auto& support : supports) {
      const auto& indices = member(support, "groundingChunkIndices");
      for (std::size_t i = 0; indices.is_array() && i < indices.size(); ++i) {
        const auto index = count_of(indices[i]);
        if (!index || *index >= chunks.size()
            || chunks[*index] >= entries_.size())
          continue;
        auto& of = entries_[chunks[*index]];
        auto text = to_text(support);
        const auto bytes = text.size();
        if (of.seen.insert(std::move(text)).second && parts.count(bytes))
          of.supports.push_back(support);
      }
    }
  for (const auto& [name, value] : metadata.items())
    if (name != "groundingChunks" && name != "groundingSupports"
        && member(rest_, name.c_str()) != value
        && parts.count(to_text(value).size()))
      rest_[name] = value;
}

// @returns the place in entries_; past its end if there is no room.
std::size_t source_collector::add(const json& wire, source what,
                                  part_writer& parts) {
  if (!wire.is_object() || wire.empty())
    return entries_.size() + limits::stream_parts_max;
  auto identity = to_text(wire);
  const auto known = by_identity_.find(identity);
  if (known != by_identity_.end())
    return known->second;
  if (!parts.count(identity.size())
      || entries_.size() >= limits::stream_parts_max)
    return entries_.size() + limits::stream_parts_max;
  by_identity_.emplace(std::move(identity), entries_.size());
  entries_.push_back({std::move(what), wire, json::array(), {}});
  return entries_.size() - 1;
}

void source_collector::tell(part_writer& parts, part_batch& out) {
  for (auto& [what, detail, supports, seen] : entries_) {
    if (!supports.empty())
      detail["groundingSupports"] = std::move(supports);
    if (rest_.is_object())
      detail.update(std::exchange(rest_, json()));
    what.detail_json = to_text(detail);
    const auto key = parts.new_key();
    if (parts.failure().code != errc::none)
      return;
    out.add(part::source{key, std::move(what)});
  }
  entries_.clear();
}

} // namespace penstock::gemini
