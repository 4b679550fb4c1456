// `penstock` on a store: what it is told, and what it shows of it.
#pragma once

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/test_certificate.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

inline bool holds(const std::string& text, const std::string& piece) {
  return text.find(piece) != text.npos;
}

inline scripted_turn says(const std::string& text, std::uint64_t input = 0,
                          std::uint64_t output = 0) {
  scripted_turn turn;
  turn.text(text);
  token_usage used;
  used.known = token_usage::quality::exact;
  used.input_total = input;
  used.output_total = output;
  return input == 0 ? turn : turn.usage(used);
}

struct store_fixture : chat_fixture {
  using words = std::vector<std::string>;

  scratch_directory directory;
  const std::string path = (directory.path() / "kept.db").string();

  /// `penstock chat --store FILE ARGUMENTS…`
  tool_call kept_chat(words arguments) const {
    arguments.insert(arguments.begin(), {"--store", path});
    return chat(std::move(arguments));
  }
  /// `penstock COMMAND --store FILE ARGUMENTS…`
  tool_call on_store(const std::string& command, words arguments = {}) const {
    words all{command, "--store", path};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return {.arguments = std::move(all), .environment = keys()};
  }
  /// `penstock resume --store FILE …` against the server.
  tool_call resume(words arguments = {}) const {
    arguments.insert(arguments.begin(), {"--base-url", server->url("/v1")});
    return on_store("resume", std::move(arguments));
  }

  /// The lines of `penstock COMMAND --json`, each an object.
  std::vector<ordered_json> lines(const std::string& command, int code = 0,
                                  words arguments = {}) const {
    arguments.insert(arguments.begin(), "--json");
    const auto got = run_tool(on_store(command, std::move(arguments)));
    BOOST_TEST(got.code == code, got.err);
    std::vector<ordered_json> all;
    for (const auto& line : lines_of(got.out))
      all.push_back(parse_ordered_json(line).value());
    return all;
  }
  std::vector<ordered_json> history(int code = 0) const {
    return lines("history", code);
  }

  ordered_json messages_of(std::size_t request) const {
    return parse_ordered_json(body_of(request)).value().at("messages");
  }

  /// Asks, and kills the tool with SIGKILL when `shown` stands on its standard
  /// output. @returns all that it has shown.
  std::string killed_at(const std::string& shown, words arguments) const {
    tool_process tool{kept_chat(std::move(arguments))};
    BOOST_TEST(tool.wait_for_out(shown), tool.err());
    tool.send(SIGKILL);
    BOOST_TEST(tool.exit_code() == 128 + SIGKILL);
    return tool.out();
  }
};

/// "w0 w1 w2 …", one each 5 ms, then nothing more.
inline http_answer counted_words(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i)
    all.push_back("w" + std::to_string(i) + " ");
  auto answer = openai_chat_answer(scripted_turn{}.tokens(all).truncated(),
                                   {.between = std::chrono::milliseconds{5}});
  answer.ends = http_answer::ending::stall;
  return answer;
}

/// The only text of a message of `history --json`.
inline std::string text_of(const ordered_json& line) {
  BOOST_REQUIRE(line.at("parts").size() == 1u);
  BOOST_TEST(line.at("parts").at(0).at("type") == "text");
  return line.at("parts").at(0).at("text").get<std::string>();
}

} // namespace penstock::testing
