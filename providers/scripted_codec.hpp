// The API "scripted": answers that a script gives, without a network.
#pragma once

#include "providers/codec.hpp"
#include "providers/http_script.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The codec "scripted": that of Chat Completions, at an address of its own.
/// So a script's answers are bytes of Chat Completions, and take the way that
/// a real answer takes. Static lifetime.
const api_codec& scripted_codec();

/// What each model of a provider with this API answers: the n-th request gets
/// the n-th answer, and the last one answers all that follow. No list is
/// empty. `openai_chat_answer` and `error_answer` make them
/// (scripted_answers.hpp).
using model_script =
  std::map<std::string, std::vector<http_answer>, std::less<>>;

/// The script of the built-in provider "scripted": a model `hello`, to try a
/// program without a key and a network.
model_script builtin_script();

/// Where all scripts are. The domain never exists: were such an address given
/// to a client that knows no scripts, nothing would leave the machine but a
/// question to the DNS.
/// Source: RFC 2606 (".invalid").
inline constexpr std::string_view scripted_host = "https://scripted.invalid/";

/// Where the script of `provider` is to be found: below `scripted_host`.
std::string scripted_base_url(std::string_view provider);

} // namespace penstock
