// Any bytes as the body of any API's answer give the same parts in pieces as
// they give whole, but for where a delta ends.
#include "tests/fuzz/decoded_parts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace penstock;
  const auto body = fuzz::view(data, size);
  for (const auto api : codec_names()) {
    const auto whole = fuzz::decode(api, body, /*cut*/ false);
    const auto cut = fuzz::decode(api, body, /*cut*/ true);
    PENSTOCK_CHECK(cut.finished == whole.finished);
    const auto& a = whole.parts.parts();
    const auto& b = cut.parts.parts();
    PENSTOCK_CHECK(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
      PENSTOCK_CHECK(fuzz::same(a[i], b[i]));
  }
  return 0;
}
