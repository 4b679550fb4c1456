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
  parts.emplace_back(std::in_place_type<Delta>, Delta{key, std::string{bytes}});
}

} // namespace

bool shows_output(const stream_part& p) {
  if (const auto* m = std::get_if<part::text>(&p))
    return !m->bytes.empty();
  if (const auto* m = std::get_if<part::reasoning>(&p))
    return !m->bytes.empty();
  if (const auto* m = std::get_if<part::reasoning_end>(&p))
    return !m->encrypted.empty();
  if (const auto* m = std::get_if<part::refusal>(&p))
    return !m->bytes.empty();
  return std::holds_alternative<part::tool_start>(p)
         || std::holds_alternative<part::tool_complete>(p)
         || std::holds_alternative<part::tool_result>(p)
         || std::holds_alternative<part::file>(p)
         || std::holds_alternative<part::source>(p);
}

bool continues_answer(const stream_part& p) {
  return std::holds_alternative<part::text>(p)
         || std::holds_alternative<part::reasoning>(p)
         || std::holds_alternative<part::refusal>(p)
         || std::holds_alternative<part::tool_start>(p)
         || std::holds_alternative<part::tool_input>(p)
         || std::holds_alternative<part::tool_result>(p)
         || std::holds_alternative<part::file>(p);
}

bool is_token(const stream_part& p) {
  return std::holds_alternative<part::text>(p)
         || std::holds_alternative<part::reasoning>(p)
         || std::holds_alternative<part::refusal>(p)
         || std::holds_alternative<part::tool_start>(p)
         || std::holds_alternative<part::tool_input>(p)
         || std::holds_alternative<part::tool_complete>(p);
}

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
