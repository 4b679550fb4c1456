// Any bytes as the body of any API's answer give the same parts in pieces as
// they give whole, but for where a delta ends.
#include "tests/fuzz/decoded_parts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace penstock;
  const auto body = fuzz::view(data, size);
  for (const auto api : codec_names())
    fuzz::check_same(fuzz::decode(api, body, /*cut*/ false),
                     fuzz::decode(api, body, /*cut*/ true));
  return 0;
}
