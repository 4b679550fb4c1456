// A loopback server that plays a model, and `penstock chat` that asks it.
#pragma once

#include "providers/scripted_answers.hpp"
#include "tests/support/tool_process.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// Stands in the environment of every call, and may stand in no output.
inline constexpr auto planted_key = "sk-planted-0123456789abcdefghij";

struct chat_fixture {
  std::unique_ptr<loopback::loopback_server> server;

  /// From now on there is a server, and it answers so.
  void serve(http_script script, loopback::server_options options = {}) {
    options.script = std::move(script);
    server = loopback::loopback_server::start(std::move(options)).value();
  }
  void serve(const scripted_turn& turn, answer_pace pace = {}) {
    serve(http_script{openai_chat_answer(turn, pace)});
  }

  /// `penstock chat ARGUMENTS…`, the model openai:m at the server.
  tool_call chat(std::vector<std::string> arguments) const {
    std::vector<std::string> all{"chat"};
    if (server)
      all.insert(all.end(), {"--base-url", server->url("/v1")});
    all.insert(all.end(), {"--model", "openai:m"});
    all.insert(all.end(), arguments.begin(), arguments.end());
    return {.arguments = std::move(all), .environment = keys()};
  }

  static std::vector<std::pair<std::string, std::string>> keys() {
    return {{"OPENAI_API_KEY", planted_key},
            {"ANTHROPIC_API_KEY", planted_key}};
  }

  std::string body_of(std::size_t request) const {
    return server->log().answers.at(request).request.body;
  }
};

/// Words without end, one each 20 ms; the first is "on".
inline http_answer endless_answer(
  std::size_t word_bytes = 2,
  std::chrono::milliseconds between = std::chrono::milliseconds{20}) {
  const std::string rest(word_bytes, 'n');
  auto answer =
    openai_chat_answer(scripted_turn{}.tokens({"on ", rest}).truncated());
  // Its last piece with a word is played again and again.
  for (auto& piece : answer.body)
    if (piece.bytes.find('"' + rest + '"') != std::string::npos) {
      piece.delay = between;
      piece.times = 1'000'000;
    }
  return answer;
}

} // namespace penstock::testing
