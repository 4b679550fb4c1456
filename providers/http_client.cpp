#include "providers/http_client.hpp"

#include <algorithm>

namespace penstock {

const std::string* find_header(const header_list& list, std::string_view name) {
  const auto it = std::find_if(list.begin(), list.end(),
                               [&](auto& h) { return h.first == name; });
  return it == list.end() ? nullptr : &it->second;
}

} // namespace penstock
