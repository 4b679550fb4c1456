#include "messages/part.hpp"

namespace penstock {

namespace {

template <class Delta>
void append(std::vector<stream_part>& parts, part_key key,
            std::string_view bytes) {
  if (bytes.empty())
    return;
  if (!parts.empty())
    if (auto* last = std::get_if<Delta>(&parts.back());
        last && last->key == key) {
      last->bytes.append(bytes);
      return;
    }
  parts.push_back(Delta{key, std::string{bytes}});
}

} // namespace

void part_batch::text(part_key key, std::string_view bytes) {
  append<part::text>(parts_, key, bytes);
}
void part_batch::reasoning(part_key key, std::string_view bytes) {
  append<part::reasoning>(parts_, key, bytes);
}
void part_batch::refusal(part_key key, std::string_view bytes) {
  append<part::refusal>(parts_, key, bytes);
}
void part_batch::tool_input(part_key key, std::string_view bytes) {
  append<part::tool_input>(parts_, key, bytes);
}

} // namespace penstock
