// Any bytes as an error body give a class and a message that is safe to show.
#include "messages/check.hpp"
#include "messages/limits.hpp"
#include "providers/error_classifier.hpp"
#include "providers/utf8.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace penstock;
  if (size == 0)
    return 0;
  // The first byte chooses the status, 0 being an error inside a stream.
  constexpr int statuses[] = {0, 200, 400, 401, 404, 413, 429, 500, 503};
  const int status = statuses[data[0] % std::size(statuses)];
  const std::string_view body{reinterpret_cast<const char*>(data + 1),
                              size - 1};
  const auto why =
    status == 0
      ? classify_in_stream("", body)
      : classify_response(
        "", {status, {{"retry-after", std::string{body.substr(0, 99)}}}}, body,
        {});
  PENSTOCK_CHECK(why.code != errc::none && why.code != errc::aborted);
  PENSTOCK_CHECK(!why.message.empty());
  PENSTOCK_CHECK(why.message.size() <= limits::error_message_bytes_max);
  PENSTOCK_CHECK(valid_utf8_prefix(why.message) == why.message.size());
  for (const char c : why.message)
    PENSTOCK_CHECK(static_cast<unsigned char>(c) >= 0x20);
  PENSTOCK_CHECK(!why.retry_after || why.retry_after->count() >= 0);
  return 0;
}
