// Any bytes give the events that the standard asks for, however they are cut
// and whatever the limits, and an error is the last word.
#include "messages/check.hpp"
#include "providers/sse_decoder.hpp"
#include "tests/fuzz/pieces.hpp"

#include <string>
#include <vector>

namespace {

using namespace penstock;

struct outcome {
  std::vector<std::string> events;
  std::vector<std::uint64_t> retries;
  std::string at_end, stray, failure;
  bool cut = false, saw_field = false;
  bool operator==(const outcome&) const = default;
};

std::string shown(const sse_event& e) {
  std::string text{e.type};
  text.append("\n").append(e.data).append("\n").append(e.last_event_id);
  return text;
}

outcome decode(sse_decoder decoder, std::string_view body, bool cut) {
  outcome result;
  sse_event event;
  const auto push = [&](std::string_view piece) {
    cut ? decoder.lend(piece) : decoder.push(piece);
    while (decoder.next(event, &result.retries))
      result.events.push_back(shown(event));
  };
  if (cut)
    fuzz::in_pieces(body, push);
  else
    push(body);
  result.cut = decoder.mid_event();
  if (decoder.flush_at_end(event))
    result.at_end = shown(event);
  result.stray = decoder.stray();
  result.saw_field = decoder.saw_field();
  result.failure = decoder.failure().message;
  return result;
}

// The standard's algorithm, word by word, over the whole body.
std::vector<std::string> by_the_standard(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF"))
    body.remove_prefix(3);
  std::vector<std::string> events;
  std::string data, type, id;
  while (!body.empty()) {
    const auto end = body.find_first_of("\r\n");
    if (end == body.npos)
      break;
    const auto line = body.substr(0, end);
    body.remove_prefix(end + (body.substr(end).starts_with("\r\n") ? 2 : 1));
    if (line.empty()) {
      if (!data.empty()) {
        data.pop_back();
        events.push_back(type + "\n" + data + "\n" + id);
      }
      data.clear();
      type.clear();
      continue;
    }
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == line.npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' '))
      value.remove_prefix(1);
    if (name == "data")
      data.append(value).push_back('\n');
    else if (name == "event")
      type = value;
    else if (name == "id" && value.find('\0') == value.npos)
      id = value;
  }
  return events;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto body = fuzz::view(data, size);
  const auto whole = decode(sse_decoder{}, body, false);
  PENSTOCK_CHECK(whole.failure.empty());
  PENSTOCK_CHECK(decode(sse_decoder{}, body, true) == whole);
  const auto bounded = decode(sse_decoder{16, 24}, body, false);
  const auto bounded_cut = decode(sse_decoder{16, 24}, body, true);
  PENSTOCK_CHECK(bounded_cut.events == bounded.events);
  PENSTOCK_CHECK(bounded_cut.at_end == bounded.at_end);
  PENSTOCK_CHECK(bounded_cut.failure == bounded.failure);
  if (bounded.failure.empty())
    PENSTOCK_CHECK(bounded.events == whole.events);
  PENSTOCK_CHECK(whole.events == by_the_standard(body));
  return 0;
}
