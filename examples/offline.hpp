// What lets the examples run without a network: a client that plays scripted
// answers instead of sending requests. A real host leaves `time` and `http`
// alone, has a key in the environment and names a real model.
#pragma once

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "runtime/options.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace offline {

/// Ends the program if there is no value: an example has no other way.
template <class T>
T value_or_exit(penstock::expected<T> what) {
  if (what)
    return std::move(*what);
  std::cerr << what.error().message << std::endl;
  std::exit(1);
}

/// "demo:…" are models that answer from `script`.
inline penstock::runtime_options options(penstock::http_script script) {
  penstock::runtime_options made;
  made.time = value_or_exit(penstock::make_system_clock());
  made.http = std::make_shared<penstock::scripted_http_client>(
    *made.time, std::move(script));
  auto& provider = made.providers["demo"];
  provider.api = "openai-chat";
  provider.base_url = "http://127.0.0.1/v1";
  provider.key = penstock::secret{"none"};
  return made;
}

inline penstock::http_answer says(const std::string& text) {
  return penstock::openai_chat_answer(
    penstock::scripted_turn{}.text(text),
    {{}, {}, {}, std::chrono::milliseconds{5}});
}

inline std::vector<penstock::message> asks(std::string text) {
  penstock::message made;
  made.parts.push_back(penstock::text_content{std::move(text)});
  return {std::move(made)};
}

} // namespace offline
