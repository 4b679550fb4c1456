#include "tests/support/mirror_client.hpp"

#include <type_traits>

namespace penstock::testing {

mirror_client::mirror_client(const mirror_client& before, bool is_slow)
  : is_slow_(is_slow), ended_(before.ended_), stream_(before.stream_),
    after_(before.after_), parts_(before.parts_), trouble_(before.trouble_) {}

std::vector<std::string> mirror_client::shown() const {
  std::vector<std::string> all;
  for (const auto& [part, text] : parts_)
    all.push_back(text);
  return all;
}

void mirror_client::deliver(event_batch batch) {
  for (const auto& e : batch) {
    if (e.seq != ++seq_)
      complain("seq " + std::to_string(e.seq) + " instead of "
               + std::to_string(seq_));
    told_ |= e.of->stream != stream_id{}
             && !std::holds_alternative<event::caught_up>(*e.body);
    take(e);
    if (e.after)
      after_ = e.after;
  }
  if (!is_slow_)
    (void)return_credit();
}

void mirror_client::grow(std::uint32_t part, std::uint64_t offset,
                         const std::string& more) {
  auto& text = parts_[part];
  if (offset != text.size())
    complain("a delta at " + std::to_string(offset) + " of a part with "
             + std::to_string(text.size()) + " bytes");
  text += more;
}

std::map<std::uint32_t, std::string>
mirror_client::shown_of(const std::vector<final_part>& parts) {
  std::map<std::uint32_t, std::string> whole;
  for (const auto& p : parts)
    if (auto* text = std::get_if<text_content>(&p.content))
      whole[p.part] = text->text;
    else if (auto* reasoning = std::get_if<reasoning_content>(&p.content))
      whole[p.part] = reasoning->text;
    else if (auto* refusal = std::get_if<refusal_content>(&p.content))
      whole[p.part] = refusal->text;
    else if (auto* call = std::get_if<tool_call_content>(&p.content);
             call && !call->provider_executed)
      whole[p.part] = call->input_json;
  return whole;
}

// The terminal's parts are the truth; who followed has them already.
void mirror_client::end(const stream_event& e,
                        const std::vector<final_part>& parts) {
  if (e.of->stream == stream_id{})
    return; // Clears a spinner.
  auto whole = shown_of(parts);
  const bool followed = stream_ == e.of->stream && e.after;
  if (followed && ended_)
    complain("two terminal events");
  if (followed && whole != parts_)
    complain("the terminal's parts are not those that were told");
  parts_ = std::move(whole);
  stream_ = e.of->stream;
  ended_ = true;
}

void mirror_client::take(const stream_event& e) {
  std::visit(
    [&](const auto& m) {
      using kind = std::decay_t<decltype(m)>;
      if constexpr (std::is_same_v<kind, event::stream_start>) {
        if (!ended_ && stream_ != e.of->stream)
          complain("a stream_start before the end of the one before");
        parts_.clear();
        stream_ = e.of->stream;
        ended_ = false;
        replayed_ = true;
      } else if constexpr (std::is_same_v<kind, event::caught_up>) {
        if (m.how == event::caught_up::mode::full && !replayed_) {
          parts_.clear(); // As told: what it held makes no sense.
          stream_.reset();
          after_.reset();
          ended_ = true;
        }
      } else if constexpr (std::is_same_v<kind, event::retract>) {
        parts_.erase(parts_.lower_bound(m.part), parts_.end());
      } else if constexpr (requires { m.input_text; }) {
        grow(m.part, m.offset, m.input_text);
      } else if constexpr (requires {
                             m.offset;
                             m.text;
                           }) {
        grow(m.part, m.offset, m.text);
      } else if constexpr (requires { m.parts; }) {
        end(e, m.parts);
      }
    },
    *e.body);
}

} // namespace penstock::testing
