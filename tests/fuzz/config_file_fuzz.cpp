// Any text as a configuration is taken whole or refused with one clean line
// that a person can act on, the same each time.
#include "messages/check.hpp"
#include "providers/utf8.hpp"
#include "runtime/config_file.hpp"
#include "tests/fuzz/pieces.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace penstock;
  const auto text = fuzz::view(data, size);
  const auto read = parse_configuration(text);
  const auto again = parse_configuration(text);
  PENSTOCK_CHECK(read.has_value() == again.has_value());
  if (!read) {
    const auto& why = read.error();
    PENSTOCK_CHECK(why == again.error());
    PENSTOCK_CHECK(why.code == errc::invalid_request);
    PENSTOCK_CHECK(!why.message.empty());
    PENSTOCK_CHECK(valid_utf8_prefix(why.message) == why.message.size());
    for (const char c : why.message)
      PENSTOCK_CHECK(static_cast<unsigned char>(c) >= 0x20);
    return 0;
  }
  for (const auto& tool : read->tools) {
    PENSTOCK_CHECK(!tool.argv.empty() && !tool.argv[0].empty());
    PENSTOCK_CHECK(tool.timeout_ms.count() > 0);
  }
  return 0;
}
