#include "providers/curl_body_gather.hpp"

#include "providers/curl_http_client_transfer.hpp"

#include <utility>

namespace penstock {

void curl_body_gather::make_room(const curl_transfer& of, std::size_t bytes) {
  if (of_ != &of || bytes_.size() + bytes > piece_bytes_max_)
    flush();
}

void curl_body_gather::add(curl_transfer& of, std::string_view bytes) {
  if (bytes.size() >= piece_bytes_max_)
    return of.deliver(bytes);
  of_ = &of;
  bytes_.append(bytes);
}

void curl_body_gather::flush() {
  if (auto* const of = std::exchange(of_, nullptr)) {
    of->deliver(bytes_);
    bytes_.clear();
  }
}

} // namespace penstock
