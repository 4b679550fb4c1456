// Goal: a model's name resolves to an endpoint that can be called, or to an
// error that says what to do and shows no secret.
// Method: tables over configurations, URLs, headers and keys, with an
// environment of the test's own.
#define BOOST_TEST_MODULE model_catalog
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/model_catalog.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <unistd.h>

using namespace penstock;
using namespace std::string_literals;

namespace {

using variables = std::map<std::string, std::string>;
using configured = std::map<std::string, provider_config>;

constexpr auto planted = "PLANTED-KEY-12345";

model_catalog catalog(configured config = {}, variables env = {}) {
  return model_catalog{
    std::move(config), [env = std::move(env)](const char* name) {
      const auto found = env.find(name);
      return found == env.end() ? nullptr : found->second.c_str();
    }};
}

provider_config local(std::string url = "http://localhost:1/v1") {
  provider_config config;
  config.api = "openai-chat";
  config.base_url = std::move(url);
  return config;
}

/// The error of a name that must not resolve.
error fault(const model_catalog& models, std::string_view name) {
  const auto got = models.resolve(name);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message.find(planted) == std::string::npos);
  BOOST_TEST(got.error().message.find('\n') == std::string::npos);
  BOOST_TEST_INFO(got.error().message);
  return got.error();
}

bool holds(const error& why, std::string_view text) {
  BOOST_TEST_INFO(why.message);
  return why.message.find(text) != std::string::npos;
}

/// A file of the test's own, removed at its end.
class temporary_file {
public:
  explicit temporary_file(std::string_view text)
    : path_{"model_catalog_test." + std::to_string(::getpid())} {
    std::ofstream{path_, std::ios::binary} << text;
  }
  ~temporary_file() { std::remove(path_.c_str()); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_built_in_provider_needs_only_its_key) {
  const auto models = catalog({}, {{"OPENAI_API_KEY", planted}});
  const auto got = models.resolve("openai:gpt-4o");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->name == "openai:gpt-4o");
  BOOST_TEST(got->wire_name == "gpt-4o");
  BOOST_TEST(got->at.provider == "openai");
  BOOST_TEST(got->at.api == "openai-chat");
  BOOST_TEST(got->at.base_url == "https://api.openai.com/v1");
  BOOST_TEST(got->at.key.reveal() == planted);
  BOOST_TEST(got->codec == find_codec("openai-chat"));
  BOOST_TEST((got->limits.context_tokens_max == 128'000u));
}

BOOST_AUTO_TEST_CASE(the_model_may_hold_colons_and_slashes) {
  const auto models = catalog({{"mine", local()}});
  for (const auto wire :
       {"llama3:8b", "meta-llama/llama-3:free", "a:b:c/d@e"}) {
    const auto got = models.resolve("mine:"s + wire);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->wire_name == wire);
    BOOST_TEST(!got->limits.context_tokens_max);
    BOOST_TEST(!got->limits.output_tokens_max);
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_model_not_found) {
  const auto models = catalog({{"mine", local()}});
  for (const auto name :
       {"", "gpt-4o", ":gpt-4o", "mine:", ":", "mine:a b", "mine:a\nb"})
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(to_string(fault(models, name).code) == "model_not_found");
    }
  BOOST_TEST(holds(fault(models, "gpt-4o"), "provider:model"));
  fault(models, "mine:" + std::string(limits::id_bytes_max, 'x'));
  const auto why = fault(models, "opnai:gpt-4o");
  BOOST_TEST(to_string(why.code) == "model_not_found");
  BOOST_TEST(holds(why, "\"opnai\""));
  BOOST_TEST(holds(why, "anthropic"));
  BOOST_TEST(holds(why, "mine"));
  const std::string key = "0f9d8c7b6a5e4d3c2b1a09f8e7d6c5b4";
  for (const auto& pasted : {key, key + ":gpt-4o"})
    BOOST_TEST(!holds(fault(models, pasted), key));
}

BOOST_AUTO_TEST_CASE(provider_names_are_all_and_sorted) {
  const auto names =
    catalog({{"aaa", local()}, {"zzz", local()}}).provider_names();
  BOOST_TEST(std::is_sorted(names.begin(), names.end()));
  for (const auto name :
       {"aaa", "openai", "openai-responses", "anthropic", "google", "ollama",
        "deepseek", "groq", "mistral", "xai", "openrouter", "zzz"})
    BOOST_TEST(std::count(names.begin(), names.end(), name) == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_key_names_its_variable) {
  for (const auto& [name, variable] :
       {std::pair{"openai:x", "OPENAI_API_KEY"},
        {"anthropic:x", "ANTHROPIC_API_KEY"},
        {"deepseek:x", "DEEPSEEK_API_KEY"},
        {"groq:x", "GROQ_API_KEY"},
        {"mistral:x", "MISTRAL_API_KEY"},
        {"xai:x", "XAI_API_KEY"},
        {"openrouter:x", "OPENROUTER_API_KEY"}}) {
    const auto why = fault(catalog(), name);
    BOOST_TEST(to_string(why.code) == "authentication");
    BOOST_TEST(holds(why, variable));
  }
  BOOST_TEST(holds(fault(catalog({}, {{"OPENAI_API_KEY", ""}}), "openai:x"),
                   "OPENAI_API_KEY"));
  provider_config mine = local();
  mine.api_key_env = "MY_KEY";
  BOOST_TEST(holds(fault(catalog({{"mine", mine}}), "mine:x"), "MY_KEY"));
}

BOOST_AUTO_TEST_CASE(a_key_comes_from_the_nearest_place) {
  const temporary_file file{"of-the-file\r\n"};
  const variables env = {{"OPENAI_API_KEY", "of-the-variable"},
                         {"MINE", "of-mine"}};
  provider_config config;
  const auto key = [&] {
    const auto got = catalog({{"openai", config}}, env).resolve("openai:x");
    return got ? got->at.key.reveal() : got.error().message;
  };
  BOOST_TEST(key() == "of-the-variable");
  config.api_key_env = "MINE";
  BOOST_TEST(key() == "of-mine");
  config.api_key_file = file.path();
  BOOST_TEST(key() == "of-the-file");
  config.key = secret{"of-the-configuration"};
  BOOST_TEST(key() == "of-the-configuration");
}

BOOST_AUTO_TEST_CASE(a_provider_of_ones_own_needs_no_key) {
  const auto got = catalog({{"mine", local()}}).resolve("mine:x");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->at.key.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_cannot_be_sent_is_refused_unseen) {
  for (const auto bad : {"PLANTED-KEY-12345\nx", "PLANTED-KEY-12345\r\n",
                         "\x01PLANTED-KEY-12345", "PLANTED-KEY-12345\x7f"}) {
    auto why = fault(catalog({}, {{"OPENAI_API_KEY", bad}}), "openai:x");
    BOOST_TEST(to_string(why.code) == "authentication");
    BOOST_TEST(holds(why, "OPENAI_API_KEY"));
    auto config = local();
    config.key = secret{bad};
    fault(catalog({{"mine", config}}), "mine:x");
  }
  auto config = local();
  config.key = secret{std::string(limits::header_bytes_max + 1, 'x')};
  BOOST_TEST(holds(fault(catalog({{"mine", config}}), "mine:x"), "too long"));
}

BOOST_AUTO_TEST_CASE(a_key_file_is_a_file_with_one_line) {
  auto config = local();
  const auto why = [&] { return fault(catalog({{"mine", config}}), "mine:x"); };
  for (const auto text :
       {"PLANTED-KEY-12345\n\n", "PLANTED-KEY-12345\nb\n", "\n", ""}) {
    const temporary_file file{text};
    config.api_key_file = file.path();
    BOOST_TEST(to_string(why().code) == "authentication");
    BOOST_TEST(holds(why(), "api_key_file"));
  }
  for (const auto path : {".", "/dev/zero", "/no/such/file", "a\nb"}) {
    config.api_key_file = path;
    BOOST_TEST(holds(why(), "is not a file"));
  }
  const temporary_file large{std::string(limits::header_bytes_max + 9, 'x')};
  config.api_key_file = large.path();
  BOOST_TEST(holds(why(), "too long"));
}

BOOST_AUTO_TEST_CASE(an_unknown_api_names_the_known_ones) {
  auto config = local();
  for (const auto api : {"smoke-signals", ""}) {
    config.api = api;
    const auto why = fault(catalog({{"mine", config}}), "mine:x");
    BOOST_TEST(to_string(why.code) == "invalid_request");
    for (const auto name : codec_names())
      BOOST_TEST(holds(why, name));
  }
}

BOOST_AUTO_TEST_CASE(a_configuration_is_laid_over_the_built_in_endpoint) {
  provider_config config;
  config.base_url = "http://127.0.0.1:9/v1/";
  config.headers = {{"X-Title", "t"}};
  const auto got = catalog({{"openai", config}}, {{"OPENAI_API_KEY", "k"}})
                     .resolve("openai:x");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->at.base_url == "http://127.0.0.1:9/v1");
  BOOST_TEST(got->at.api == "openai-chat");
  BOOST_TEST((got->at.headers == config.headers));
  config.base_url = "http://10.0.0.1/v1";
  const auto why = fault(catalog({{"openai", config}}), "openai:x");
  BOOST_TEST(to_string(why.code) == "invalid_request");
  BOOST_TEST(holds(why, "\"openai\""));
}

BOOST_AUTO_TEST_CASE(a_base_url_is_parsed) {
  const struct {
    std::string_view url, want; ///< Empty: refused.
  } rows[] = {
    {"https://api.openai.com/v1", "https://api.openai.com/v1"},
    {"https://api.openai.com/v1///", "https://api.openai.com/v1"},
    {"https://api.openai.com", "https://api.openai.com"},
    {"HTTPS://api.openai.com/V1", "https://api.openai.com/V1"},
    {"https://host:8443/a/b", "https://host:8443/a/b"},
    {"https://[2001:db8::1]:1/v1", "https://[2001:db8::1]:1/v1"},
    {"http://localhost:11434", "http://localhost:11434"},
    {"http://LOCALHOST/v1", "http://LOCALHOST/v1"},
    {"http://api.localhost", "http://api.localhost"},
    {"http://127.0.0.1", "http://127.0.0.1"},
    {"http://127.9.9.9:1", "http://127.9.9.9:1"},
    {"http://[::1]:1", "http://[::1]:1"},
    {"http://0x7f.1/v1", "http://127.0.0.1/v1"},
    {"http://example.com", ""},
    {"http://127.0.0.1.example.com", ""},
    {"http://localhost.example.com", ""},
    {"http://notlocalhost", ""},
    {"http://128.0.0.1", ""},
    {"http://0.0.0.0", ""},
    {"http://[::2]", ""},
    {"http://[::ffff:10.0.0.1]", ""},
    {"http://10.0.0.1", ""},
    {"ftp://localhost", ""},
    {"file:///etc/passwd", ""},
    {"unix:///run/x", ""},
    {"api.openai.com/v1", ""},
    {"//api.openai.com", ""},
    {"https:/host", ""},
    {"https:///host", ""},
    {"https://", ""},
    {"https://:80", ""},
    {"https://host:99999", ""},
    {"https://host:0", ""},
    {"https://host:x", ""},
    {"https://user@host", ""},
    {"https://user:PLANTED-KEY-12345@host/v1", ""},
    {"https://@host", ""},
    {"https://host/v1?key=PLANTED-KEY-12345", ""},
    {"https://host/v1?", ""},
    {"https://host/v1#x", ""},
    {"https://ho st", ""},
    {"https://host/a b", ""},
    {"https://host\r\nX: y", ""},
    {"https://[::1", ""},
    {" https://host", ""},
    {"", ""},
    {std::string_view{"https://ho\0st", 13}, ""},
  };
  for (const auto& [url, want] : rows)
    BOOST_TEST_CONTEXT(url) {
      const auto got = checked_base_url(url, false);
      BOOST_TEST(got.has_value() == !want.empty());
      if (got) {
        BOOST_TEST(*got == want);
      } else {
        BOOST_TEST(to_string(got.error().code) == "invalid_request");
        BOOST_TEST(!holds(got.error(), "PLANTED"));
        BOOST_TEST(!holds(got.error(), "\n"));
      }
    }
  BOOST_TEST((checked_base_url("http://10.0.0.1/", true) == "http://10.0.0.1"));
  BOOST_TEST(!checked_base_url("ftp://10.0.0.1/", true));
  BOOST_TEST(!checked_base_url("https://h/" + std::string(1 << 20, 'x'), true));
}

BOOST_AUTO_TEST_CASE(no_text_crashes_the_url_check) {
  std::mt19937 random{3};
  const std::string alphabet = "htps:/[]@?#.%127localhost \t\xff\x01";
  for (int round = 0; round < 20'000; ++round) {
    std::string url = round % 2 ? "http://" : "";
    for (auto n = random() % 20; n > 0; --n)
      url += alphabet[random() % alphabet.size()];
    // Whatever is taken is taken again as it is.
    if (const auto got = checked_base_url(url, true))
      BOOST_REQUIRE((checked_base_url(*got, true) == *got));
  }
}

BOOST_AUTO_TEST_CASE(headers_that_could_split_a_request_are_refused) {
  const struct {
    std::string name, value;
    bool good;
  } rows[] = {
    {"X-Title", "a b\tc \xC3\xA9", true},
    {"x_1!#$%&'*+.^`|~-", "", true},
    {"", "x", false},
    {"a b", "x", false},
    {"a:", "x", false},
    {"a\r\nb", "x", false},
    {"\xC3\xA9", "x", false},
    {"a", "PLANTED-KEY-12345\r\nb: c", false},
    {"a", "x\n", false},
    {"a", "x\r", false},
    {"a", "x\0y"s, false},
    {"a", "x\x7f", false},
    {"Content-Length", "0", false},
    {"transfer-encoding", "chunked", false},
    {"a", std::string(limits::header_bytes_max, 'x'), true},
    {"a", std::string(limits::header_bytes_max + 1, 'x'), false},
    {std::string(limits::header_bytes_max + 1, 'x'), "a", false},
  };
  for (const auto& [name, value, good] : rows)
    BOOST_TEST_CONTEXT(name.substr(0, 40)) {
      const auto why = fault_of({{"fine", "x"}, {name, value}});
      BOOST_TEST(why.has_value() == !good);
      if (why) {
        BOOST_TEST(to_string(why->code) == "invalid_request");
        BOOST_TEST(!holds(*why, "PLANTED"));
        BOOST_TEST(!holds(*why, "\n"));
        BOOST_TEST(why->message.size() < 400u);
      }
      auto config = local();
      config.headers = {{name, value}};
      BOOST_TEST(catalog({{"mine", config}}).resolve("mine:x").has_value()
                 == good);
    }
}

BOOST_AUTO_TEST_CASE(limits_go_by_name_then_by_the_longest_one_before_a_label) {
  const struct {
    std::string_view name;
    std::uint64_t context; ///< 0: unknown.
    bool reasons;
  } rows[] = {
    {"gpt-4", 8'192, false},
    {"gpt-4-0613", 8'192, false},
    {"gpt-4-turbo-2024-04-09", 128'000, false},
    {"gpt-4.1-mini-2025-04-14", 1'047'576, false},
    {"gpt-5-2025-08-07", 400'000, true},
    {"gpt-5.9", 0, false},
    {"gpt-50", 0, false},
    {"claude-sonnet-4-5-20250929", 200'000, true},
    {"claude-sonnet-4-5@20250929", 200'000, true},
    {"claude-opus-4-9", 0, false},
    {"claude-3-5-sonnet-latest", 200'000, false},
    {"gemini-2.5-flash", 1'048'576, true},
    {"gemini-2.5-flash-lite", 1'048'576, true},
    {"deepseek-reasoner", 1'000'000, true},
    {"mistral-large-latest", 262'144, false},
    {"grok-4.3", 1'000'000, true},
    {"", 0, false},
    {"no-such-model", 0, false},
  };
  for (const auto& [name, context, reasons] : rows)
    BOOST_TEST_CONTEXT(name) {
      const auto got = known_limits(name);
      BOOST_TEST(got.context_tokens_max.value_or(0) == context);
      BOOST_TEST(got.output_tokens_max.has_value() == (context != 0));
      BOOST_TEST(got.reasons == reasons);
    }
}
