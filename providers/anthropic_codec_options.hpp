// What a host adds to a request in the API's own words: options and headers.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>

namespace penstock::anthropic {

/// Merges `options` over `body`, see encode_request.
/// @pre both are objects.
void merge_options(ordered_json& body, const ordered_json& options);

/// The values of `anthropic-beta` that the members, the tools and the blocks of
/// a request need, joined by commas; empty if none.
std::string betas_for(const ordered_json& body);

/// `more` over `base`. A header that both have is replaced, but the betas of
/// both count.
/// Errors: `invalid_request` for a name or value with CR, LF or NUL, or an
///         empty name.
expected<header_list> merge_headers(header_list base, const header_list& more);

} // namespace penstock::anthropic
