// The first two rules of the error classifier, each with its table.
#pragma once

#include "messages/errc.hpp"
#include "providers/error_classifier_body.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// In all of these `status` is that of HTTP, or the one that the body names; 0
// for an error inside a stream that names none.

/// Whether two codes are one: without case, '_', '-', ' ' and '.', since
/// gateways respell them ("RateLimitExceeded", "rate_limit_exceeded").
bool same_code(std::string_view a, std::string_view b) noexcept;

/// The class of a code that decides alone. Empty for one that we do not know
/// or that only repeats the status ("invalid_request_error").
std::optional<errc> class_of_code(std::string_view code, int status) noexcept;

/// `message` as the phrases are looked for: in lower case, and without URLs
/// ("…/account/billing" is a place to read, not a reason).
std::string searchable(std::string_view message);

/// What an exact phrase says where the status leaves it open: in a 400, 404,
/// 413, 429 or inside a stream. @param text from `searchable`.
std::optional<errc> class_of_phrase(int status, std::string_view text,
                                    const error_facts& facts);

/// Whether a 503 is for lack of capacity. @param text from `searchable`.
bool says_overloaded(std::string_view text) noexcept;

} // namespace penstock
