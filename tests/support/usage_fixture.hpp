// Wrong command lines, and what must be true of what they end with.
#pragma once

#include "providers/utf8.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/test_certificate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

using words = std::vector<std::string>;

struct wrong_call {
  words line;   ///< After "penstock". "<dir>" stands for the directory.
  words pieces; ///< That the error has.
};

inline std::string with_directory(std::string text,
                                  const std::string& directory) {
  for (std::size_t at; (at = text.find("<dir>")) != text.npos;)
    text.replace(at, 5, directory);
  return text;
}

/// `penstock chat --model openai:m` and what follows.
inline wrong_call chat_row(words rest, words pieces) {
  words line{"chat", "--model", "openai:m"};
  line.insert(line.end(), rest.begin(), rest.end());
  return {std::move(line), std::move(pieces)};
}

/// The same with a --set.
inline wrong_call set_row(const std::string& assignment, words pieces) {
  return chat_row({"--set", assignment, "Hi"}, std::move(pieces));
}

struct usage_fixture : chat_fixture {
  scratch_directory directory;

  usage_fixture() {
    std::ofstream{directory.path() / "body"} << "data: {}\n\n";
  }

  tool_call call_of(const wrong_call& what) const {
    tool_call call{.arguments = {}, .environment = keys()};
    for (const auto& word : what.line)
      call.arguments.push_back(with_directory(word, directory.path().string()));
    return call;
  }

  void check(const tool_result& got, const wrong_call& what,
             int code = 2) const {
    BOOST_TEST(got.code == code, got.err);
    BOOST_TEST(got.out == "");
    BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
    BOOST_TEST(got.err.starts_with("penstock: "), got.err);
    BOOST_TEST(got.err.ends_with('\n'));
    BOOST_TEST(got.err.size() < 1'000u);
    BOOST_TEST(valid_utf8_prefix(got.err) == got.err.size());
    BOOST_TEST(std::count_if(got.err.begin(), got.err.end(),
                             [](char c) { return c >= 0 && c < ' '; })
               == 1);
    for (const auto& piece : what.pieces)
      BOOST_TEST(got.err.find(piece) != std::string::npos,
                 piece << " is not in: " << got.err);
    for (const std::string secret : {planted_key, "geheim"})
      BOOST_TEST(got.err.find(secret) == std::string::npos, got.err);
  }

  void check_all(const std::vector<wrong_call>& rows) const {
    for (const auto& each : rows) {
      std::string line;
      for (const auto& word : each.line)
        line += ' ' + word.substr(0, 100);
      BOOST_TEST_CONTEXT("penstock" << line)
      check(run_tool(call_of(each)), each);
    }
  }
};

} // namespace penstock::testing
