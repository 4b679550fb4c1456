#include "tests/support/client_view.hpp"

#include <type_traits>

namespace penstock::testing {

void client_view::take(const stream_event& e) {
  if (e.after)
    after_ = e.after;
  std::visit(
    [&](const auto& m) {
      using kind = std::decay_t<decltype(m)>;
      if constexpr (std::is_same_v<kind, event::stream_start>)
        parts_.clear();
      else if constexpr (std::is_same_v<kind, event::retract>)
        parts_.erase(parts_.lower_bound(m.part), parts_.end());
      else if constexpr (requires { m.signature; })
        parts_[m.part] += m.text + m.signature;
      else if constexpr (requires { m.input_text; })
        parts_[m.part] += m.input_text;
      else if constexpr (requires { m.offset; })
        parts_[m.part] += m.text;
      else if constexpr (requires { m.part; })
        parts_[m.part] += "|" + std::string{name_of(*e.body)};
    },
    *e.body);
  ended_ = ended_ || terminal(*e.body);
}

} // namespace penstock::testing
