// One API of one family of providers, as pure functions over bytes: a request
// encoder and a response decoder. No I/O, no clock, no actor.
#pragma once

#include "messages/part.hpp"
#include "messages/prompt.hpp"
#include "messages/secret.hpp"
#include "providers/http_client.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Where a model is to be found and how to speak with it. From the catalogue.
struct endpoint {
  std::string provider; ///< Name in the configuration: "openai", "groq", …
  std::string api;      ///< "openai-chat", "anthropic-messages", …
  std::string base_url; ///< "https://api.openai.com/v1"; no trailing slash.
  secret key;           ///< Empty: the endpoint needs none.
  header_list headers;  ///< Added to every request, validated.
  bool operator==(const endpoint&) const = default;
};

/// Decodes the body of one successful HTTP response.
///
/// Invariant: any split of the same bytes gives the same parts, up to the
///            merging of adjacent deltas of one part.
/// Errors:    reported as one `part::failed`; whatever follows is ignored.
/// Threads:   one owner at a time.
class response_decoder {
public:
  virtual ~response_decoder() = default;

  /// Appends to `out` what `bytes` complete.
  virtual void push(std::string_view bytes, part_batch& out) = 0;

  /// The body has ended, cleanly or not: flushes what may be flushed (an event
  /// that lacks only its last blank line). Parts that are still open stay
  /// open: whoever reads the parts knows that they were cut.
  virtual void end(part_batch& out) = 0;

  /// Whether the API's own end of stream was seen. A body that ends before is
  /// `stream_truncated`, unless a part was `failed`.
  virtual bool finished() const noexcept = 0;
};

/// What the encoder left out because the API does not know it; reported once.
using encoder_notes = std::vector<std::string>;

/// A prompt as one API wants it.
struct encoded_request {
  http_request http;
  encoder_notes left_out;
};

/// Both directions of one API. Threads: any; it has no state.
class api_codec {
public:
  virtual ~api_codec() = default;

  /// "openai-chat", …
  virtual std::string_view api() const noexcept = 0;

  /// How the API continues a cut answer: true if the partial assistant message
  /// is sent as the last message and the answer goes on from it (a prefill).
  virtual bool has_prefill(const endpoint& at,
                           std::string_view model) const noexcept = 0;

  /// `model` is the name on the wire, without the provider.
  /// Errors: `invalid_request` names what the API has no way to express.
  virtual expected<encoded_request> encode(const endpoint& at,
                                           std::string_view model,
                                           const prompt& what) const = 0;

  /// @param provider name of the endpoint, for its quirks; may be empty.
  virtual std::unique_ptr<response_decoder>
  make_decoder(std::string_view provider) const = 0;
};

/// The codec of `api` ("openai-compatible" is another name of "openai-chat"),
/// or null. Static lifetime.
const api_codec* find_codec(std::string_view api) noexcept;

/// All names that `find_codec` takes, for error messages.
std::vector<std::string_view> codec_names();

} // namespace penstock
