// Goal: `penstock decode` and `classify` take any bytes: no crash, no hang,
// and always valid lines; and how the bytes were cut changes no summary.
// Method: small bodies of each API, mutated from a seed, through the functions
// behind the subcommands, each body to each API; a few through the binary.
// PENSTOCK_MUTATIONS=100000 for a long run; PENSTOCK_SEED for another one.
#define BOOST_TEST_MODULE decode_mutation
#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/scripted_answers.hpp"
#include "tests/support/tool_process.hpp"
#include "tools/classify.hpp"
#include "tools/command.hpp"
#include "tools/decode.hpp"

#include <cstdlib>
#include <random>
#include <sstream>

using namespace penstock;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const auto* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string body_of(const http_answer& answer) {
  std::string all;
  for (const auto& piece : answer.body)
    all += piece.bytes;
  return all;
}

std::vector<std::string> seeds() {
  const auto turn = scripted_turn{}
                      .reasoning("Hm, well.", "sig")
                      .text("Hello wörld 🎈")
                      .tool_call("c1", "f", R"({"a": [1, "ü"]})")
                      .usage({token_usage::quality::exact, 5, 2, 0, 7, 3});
  return {
    body_of(openai_chat_answer(turn)),
    body_of(anthropic_answer(turn)),
    body_of(openai_chat_answer(scripted_turn{}.refusal("No, no"))),
    body_of(anthropic_answer(scripted_turn{}.error("overloaded_error", "x"))),
    body_of(error_answer("openai-chat", 429, "rate_limit_exceeded", "slow")),
    body_of(html_answer()),
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"},{"
    "\"functionCall\":{\"name\":\"f\",\"args\":{}}}],\"role\":\"model\"},"
    "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":2}}"
    "\r\n\r\n",
    "event: response.created\ndata: {\"type\":\"response.created\","
    "\"response\":{\"id\":\"r\"}}\n\nevent: response.output_text.delta\ndata: "
    "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\","
    "\"output_index\":0,\"content_index\":0,\"delta\":\"Hi\"}\n\nevent: "
    "response.completed\ndata: {\"type\":\"response.completed\",\"response\":"
    "{\"id\":\"r\",\"status\":\"completed\",\"usage\":{\"input_tokens\":1}}}"
    "\n\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},"
    "\"done\":false}\n{\"model\":\"m\",\"message\":{\"role\":\"assistant\","
    "\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
    std::string(200, '['),
    "",
  };
}

class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutated(std::string body, const std::string& other) {
    for (auto rounds = below(6); rounds > 0; --rounds)
      mutate(body, other);
    return body;
  }
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_);
  }

private:
  void mutate(std::string& body, const std::string& other) {
    static const std::string words[] = {"\n\n",
                                        "\r",
                                        "data: ",
                                        "event: error\n",
                                        "[DONE]",
                                        "null",
                                        "{}",
                                        "[]",
                                        "\"",
                                        "}",
                                        "{",
                                        "1e999",
                                        "-0",
                                        "18446744073709551616",
                                        "\\ud83d",
                                        "\\ude00",
                                        "\xFF",
                                        "\xE2\x82",
                                        "\xEF\xBB\xBF",
                                        "\"index\":-1",
                                        "\"delta\":null",
                                        "\"choices\":{}",
                                        "true",
                                        ":",
                                        std::string(1, '\0'),
                                        std::string(100, '{'),
                                        std::string(70, '[')};
    const auto at = below(body.size() + 1);
    const auto length = below(std::min<std::size_t>(body.size() - at, 40) + 1);
    switch (below(6)) {
    case 0:
      if (at < body.size())
        body[at] = static_cast<char>(body[at] ^ (1 << below(8)));
      break;
    case 1:
      body.erase(at, length);
      break;
    case 2:
      body.insert(at, body.substr(at, length));
      break;
    case 3:
      body.insert(at, words[below(std::size(words))]);
      break;
    case 4:
      body.resize(at);
      break;
    default:
      body.insert(at, other, 0, below(other.size() + 1));
    }
  }
  std::mt19937_64 random_;
};

struct printed {
  int code = -1;
  std::string out, problem;
};

printed decoded(const cli::decode_options& options, const std::string& body) {
  std::istringstream in{body};
  std::ostringstream out;
  printed got;
  got.code = cli::decode(options, in, out, got.problem);
  got.out = out.str();
  return got;
}

/// @returns the first line that is no object with a text as `member`, or "".
std::string bad_line(const std::string& out, const char* member) {
  for (const auto& line : testing::lines_of(out)) {
    const auto value = parse_ordered_json(line);
    if (!value || !value->is_object()
        || (member && !value->at(member).is_string()))
      return line;
  }
  return out.empty() || out.ends_with('\n') ? "" : out;
}

void check_decode(const std::string& api, const std::string& body,
                  std::size_t piece) {
  cli::decode_options options;
  options.api = api;
  const auto parts = decoded(options, body);
  const auto lines = testing::lines_of(parts.out);
  BOOST_TEST(bad_line(parts.out, "event") == "");
  BOOST_TEST(parts.problem == "");
  // Whatever it is, it has an end: a finish or an error.
  BOOST_REQUIRE(!lines.empty());
  BOOST_TEST((parts.code == 0 || parts.code == 1));
  BOOST_TEST((parts.out.find(R"({"event":"stream_error")") != std::string::npos)
             == (parts.code == 1));
  options.summary = true;
  const auto whole = decoded(options, body);
  BOOST_TEST(whole.code == 0);
  BOOST_TEST(testing::lines_of(whole.out).size() == 1u);
  BOOST_TEST(bad_line(whole.out, nullptr) == "");
  options.bytes_per_push = piece;
  BOOST_TEST(decoded(options, body).out == whole.out, "in pieces of " << piece);
}

void check_sse(const std::string& body, std::size_t piece) {
  cli::decode_options options;
  options.sse = true;
  const auto whole = decoded(options, body);
  BOOST_TEST(bad_line(whole.out, nullptr) == "");
  BOOST_TEST((whole.code == 1) == !whole.problem.empty());
  options.bytes_per_push = piece;
  BOOST_TEST(decoded(options, body).out == whole.out, "in pieces of " << piece);
}

void check_classify(const std::string& api, int status,
                    const std::string& body) {
  std::istringstream in{body};
  std::ostringstream out;
  std::string problem;
  const auto code = cli::classify({api, status, {}}, in, out, problem,
                                  std::chrono::system_clock::now());
  BOOST_TEST(code == 0);
  BOOST_TEST(problem == "");
  BOOST_TEST(testing::lines_of(out.str()).size() == 1u);
  BOOST_TEST(bad_line(out.str(), "error_class") == "");
}

} // namespace

BOOST_AUTO_TEST_CASE(mutated_bodies_give_valid_lines) {
  const auto all = seeds();
  const auto seed = number_from("PENSTOCK_SEED", 1);
  const auto count = number_from("PENSTOCK_MUTATIONS", 400);
  for (std::uint64_t i = 0; i < count; ++i) {
    mutator random{seed * 1'000'003 + i};
    const auto body = random.mutated(all[random.below(all.size())],
                                     all[random.below(all.size())]);
    const auto piece = 1 + random.below(9);
    BOOST_TEST_CONTEXT("PENSTOCK_SEED=" << seed << ", body " << i) {
      for (const auto api : codec_names()) {
        check_decode(std::string{api}, body, piece);
        check_classify(std::string{api}, 200, body);
        check_classify(std::string{api}, 400, body);
      }
      check_sse(body, piece);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_binary_takes_them_too) {
  const auto all = seeds();
  for (std::uint64_t i = 0; i < 24; ++i) {
    mutator random{i};
    testing::tool_call call;
    call.input = random.mutated(all[i % all.size()], all[0]);
    const bool decodes = i % 2 == 0;
    call.arguments =
      decodes
        ? std::vector<std::string>{"decode", "--api", "anthropic-messages", "-"}
        : std::vector<std::string>{"classify", "--api", "openai-chat",
                                   "--status", "500",   "-"};
    const auto got = testing::run_tool(call);
    BOOST_TEST(got.err == "");
    BOOST_TEST((got.code == 0 || (decodes && got.code == 1)), got.code);
    BOOST_TEST(bad_line(got.out, decodes ? "event" : "error_class") == "");
    BOOST_TEST(!got.out.empty());
  }
}
