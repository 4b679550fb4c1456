// Any bytes give the same lines however they are cut, and all of them: put
// together again they are the body but for line ends and blank lines.
#include "messages/check.hpp"
#include "providers/ndjson_decoder.hpp"
#include "tests/fuzz/pieces.hpp"

#include <string>
#include <vector>

namespace {

using namespace penstock;

using lines = std::vector<std::string>;

lines decode(ndjson_decoder decoder, std::string_view body, bool cut) {
  lines result;
  std::string_view line;
  const auto push = [&](std::string_view piece) {
    decoder.push(piece);
    while (decoder.next(line))
      result.emplace_back(line);
  };
  if (cut)
    fuzz::in_pieces(body, push);
  else
    push(body);
  if (decoder.last(line))
    result.push_back("last\n" + std::string{line});
  if (decoder.failure().code != errc::none)
    result.push_back("failure\n" + decoder.failure().message);
  return result;
}

lines by_hand(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF"))
    body.remove_prefix(3);
  lines result;
  for (auto end = body.find('\n'); end != body.npos; end = body.find('\n')) {
    auto line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") != line.npos)
      result.emplace_back(line);
  }
  if (body.find_first_not_of(" \t\r") != body.npos)
    result.push_back("last\n" + std::string{body});
  return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto body = fuzz::view(data, size);
  const auto whole = by_hand(body);
  PENSTOCK_CHECK(decode(ndjson_decoder{}, body, false) == whole);
  PENSTOCK_CHECK(decode(ndjson_decoder{}, body, true) == whole);
  const auto bounded = decode(ndjson_decoder{12}, body, false);
  PENSTOCK_CHECK(decode(ndjson_decoder{12}, body, true) == bounded);
  return 0;
}
