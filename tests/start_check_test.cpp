// Goal: a start that cannot work is refused before anything begins, with a
// message that names the field. Method: a good request with one thing changed,
// and a table of defaults.
#define BOOST_TEST_MODULE start_check
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "runtime/start_check.hpp"
#include "tests/support/test_certificate.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <utility>

using namespace penstock;

namespace {

using change = std::function<void(start_request&)>;

const model_catalog& models() {
  static const model_catalog all = [] {
    provider_config mine;
    mine.api = "openai-chat";
    mine.base_url = "http://localhost:1/v1";
    return model_catalog{{{"mine", mine}},
                         [](const char*) -> const char* { return nullptr; }};
  }();
  return all;
}

start_request good() {
  start_request r;
  r.workspace_id = "w";
  r.messages = {{role::user, {text_content{"hello"}}, ""}};
  r.model = "mine:m";
  return r;
}

std::shared_ptr<const tool> a_tool(std::string name) {
  auto made = std::make_shared<tool>();
  made->definition = {std::move(name), "", R"({"type":"object"})"};
  made->handler = [](const tool_invocation&) { return tool_outcome{}; };
  return made;
}

/// "ok", or the error's message.
std::string after(const change& edit) {
  auto r = good();
  edit(r);
  const auto done = check_start(r, models(), {});
  return done ? "ok" : done.error().message;
}

void check_refused(const change& edit, const std::string& piece) {
  const auto got = after(edit);
  BOOST_TEST(got.find(piece) != std::string::npos,
             "expected \"" << piece << "\" in: " << got);
}

using r_ = start_request&;

} // namespace

BOOST_AUTO_TEST_CASE(a_plain_request_is_fine) {
  BOOST_TEST(after([](r_) {}) == "ok");
}

BOOST_AUTO_TEST_CASE(ids_are_checked) {
  check_refused([](r_ r) { r.workspace_id = ""; }, "workspace_id is missing");
  check_refused([](r_ r) { r.workspace_id = "a\n"; }, "workspace_id: ");
  check_refused([](r_ r) { r.workspace_name = "\x1b"; }, "workspace_name: ");
  check_refused([](r_ r) { r.message_id = std::string(257, 'x'); },
                "message_id: ");
  check_refused([](r_ r) { r.stream = stream_id{}; }, "stream: ");
  check_refused([](r_ r) { r.scratch_dir.how = scratch_request::mode::path; },
                "scratch_dir: ");
  BOOST_TEST(after([](r_ r) { r.stream = stream_id{1}; }) == "ok");
}

BOOST_AUTO_TEST_CASE(messages_are_checked_by_index) {
  check_refused([](r_ r) { r.messages.clear(); }, "messages must not be empty");
  check_refused(
    [](r_ r) {
      r.messages.push_back({role::user, {}, ""});
    },
    "messages[1]: ");
}

BOOST_AUTO_TEST_CASE(json_is_checked) {
  for (const char* text : {"[]", "{", "7", "null"}) {
    check_refused([&](r_ r) { r.metadata_json = text; }, "metadata: ");
    check_refused([&](r_ r) { r.provider_options_json["mine"] = text; },
                  "provider_options[\"mine\"]: ");
    check_refused(
      [&](r_ r) {
        r.response_format.what = response_format::kind::json_schema;
        r.response_format.schema_json = text;
      },
      "response_format.schema: ");
  }
  BOOST_TEST(after([](r_ r) { r.metadata_json = R"({"a":1})"; }) == "ok");
  const auto metadata = [](std::size_t bytes) {
    return R"({"a":")" + std::string(bytes - 8, 'x') + "\"}";
  };
  BOOST_TEST(metadata(100).size() == 100u);
  BOOST_TEST(
    after([&](r_ r) { r.metadata_json = metadata(limits::metadata_bytes_max); })
    == "ok");
  check_refused(
    [&](r_ r) { r.metadata_json = metadata(limits::metadata_bytes_max + 1); },
    "metadata: more than");
}

BOOST_AUTO_TEST_CASE(the_chain_is_checked_for_its_shape_only) {
  check_refused([](r_ r) { r.fallback.resize(2); }, "fallback[0]: ");
  check_refused(
    [](r_ r) {
      r.fallback.resize(1);
      r.fallback[0].model = "mine:n";
      r.fallback[0].provider_options_json["mine"] = "[]";
    },
    "fallback[0].provider_options[\"mine\"]: ");
  // Unknown providers are a failed attempt when their turn comes.
  BOOST_TEST(after([](r_ r) {
               r.fallback.resize(1);
               r.fallback[0].model = "nowhere:n";
             })
             == "ok");
}

BOOST_AUTO_TEST_CASE(numbers_are_finite_and_in_range) {
  using value = std::optional<double> sampling::*;
  const std::pair<value, const char*> all[] = {
    {&sampling::temperature, "sampling.temperature"},
    {&sampling::top_p, "sampling.top_p"},
    {&sampling::presence_penalty, "sampling.presence_penalty"},
    {&sampling::frequency_penalty, "sampling.frequency_penalty"}};
  for (const auto& [field, name] : all)
    for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL})
      check_refused([&, f = field](r_ r) { r.sampling.*f = bad; }, name);
  check_refused([](r_ r) { r.sampling.stop = {"a", ""}; }, "sampling.stop");
  check_refused([](r_ r) { r.max_output_tokens = 0; }, "max_output_tokens");
  BOOST_TEST(after([](r_ r) { r.max_output_tokens = 1; }) == "ok");
  const auto chain = [](auto edit) {
    return [edit](r_ r) {
      r.fallback = {{.model = "mine:a"}, {.model = "mine:b"}};
      edit(r.fallback[1]);
    };
  };
  using entry = fallback_entry&;
  check_refused(
    chain([](entry e) { e.sampling.emplace().top_p = std::nan(""); }),
    "fallback[1].sampling.top_p");
  check_refused(chain([](entry e) { e.sampling.emplace().stop = {""}; }),
                "fallback[1].sampling.stop");
  check_refused(chain([](entry e) { e.max_output_tokens = 0; }),
                "fallback[1].max_output_tokens");
}

BOOST_AUTO_TEST_CASE(a_history_sequence_is_a_number_that_json_can_hold) {
  const auto most = history_sequence_max;
  BOOST_TEST(after([&](r_ r) { r.history_sequence = most; }) == "ok");
  for (const auto beyond : {most + 1, UINT64_MAX})
    check_refused([&](r_ r) { r.history_sequence = beyond; },
                  "history_sequence: at most 9007199254740991");
}

BOOST_AUTO_TEST_CASE(options_are_checked) {
  const auto with = [](auto edit) {
    return [edit](r_ r) { edit(r.options.emplace()); };
  };
  BOOST_TEST(after(with([](stream_options&) {})) == "ok");
  using o_ = stream_options&;
  const milliseconds bad{-1};
  const std::function<void(o_)> times[] = {
    [&](o_ o) { o.clocks.connect_timeout_ms = bad; },
    [&](o_ o) { o.clocks.first_byte_timeout_ms = bad; },
    [&](o_ o) { o.clocks.first_token_timeout_ms = bad; },
    [&](o_ o) { o.clocks.liveness_timeout_ms = bad; },
    [&](o_ o) { o.clocks.progress_timeout_ms = bad; },
    [&](o_ o) { o.restarts.backoff_base_ms = bad; },
    [&](o_ o) { o.restarts.backoff_cap_ms = bad; },
    [&](o_ o) { o.restarts.max_retry_after_ms = bad; },
    [&](o_ o) { o.restarts.restart_window_ms = bad; },
    [&](o_ o) { o.stream_deadline_ms = bad; },
    [&](o_ o) { o.hedge_after_ms = bad; },
    [&](o_ o) { o.kill_deadline_ms = bad; },
    [&](o_ o) { o.finish_linger_ms = bad; },
    [&](o_ o) { o.error_body_timeout_ms = bad; },
    [&](o_ o) { o.soft_stop_wait_ms = bad; },
    [&](o_ o) { o.partial_flush_interval_ms = bad; }};
  for (const auto& edit : times)
    check_refused(with(edit), "a time is negative");
  check_refused(
    with([&](o_ o) { o.clocks_by_model["mine:m"].liveness_timeout_ms = bad; }),
    "a time of mine:m is negative");
  check_refused(with([](o_ o) { o.max_steps = 0; }), "max_steps");
  check_refused(with([](o_ o) { o.restarts.max_attempts_per_model = 0; }),
                "max_attempts_per_model");
}

BOOST_AUTO_TEST_CASE(the_first_model_must_be_callable) {
  check_refused([](r_ r) { r.model = ""; }, "model is missing");
  check_refused([](r_ r) { r.model = "nowhere:m"; }, "nowhere");
  check_refused([](r_ r) { r.model = "anthropic:m"; }, "ANTHROPIC_API_KEY");
}

// Who asks a model of the chain later reads no file.
BOOST_AUTO_TEST_CASE(the_keys_of_the_whole_chain_are_read_at_the_start) {
  const penstock::testing::scratch_directory base;
  const auto path = (base.path() / "key").string();
  const auto write_key = [&](const char* key) {
    std::ofstream{path, std::ios::trunc} << key << '\n';
  };
  provider_config filed;
  filed.api = "openai-chat";
  filed.base_url = "http://localhost:1/v1";
  filed.api_key_file = path;
  auto first = filed;
  first.api_key_file.clear();
  const model_catalog all{{{"mine", first}, {"filed", filed}},
                          [](const char*) -> const char* { return nullptr; }};
  const auto key = [&] {
    return all.resolve_again("filed:m")->at.key.reveal();
  };
  auto r = good();
  r.fallback.resize(1);
  r.fallback[0].model = "filed:m";
  write_key("one");
  BOOST_REQUIRE(check_start(r, all, {}).has_value());
  write_key("two");
  BOOST_TEST(key() == "one");
  BOOST_REQUIRE(check_start(r, all, {}).has_value());
  BOOST_TEST(key() == "two"); // The next start has seen it.
  std::filesystem::remove(path);
  BOOST_REQUIRE(check_start(r, all, {}).has_value()); // for its turn
  BOOST_TEST(!all.resolve_again("filed:m").has_value());
}

BOOST_AUTO_TEST_CASE(headers_are_checked) {
  check_refused([](r_ r) { r.headers = {{"a b", "c"}}; }, "a b");
  check_refused([](r_ r) { r.headers = {{"a", "b\r\nc: d"}}; }, "\"a\"");
}

BOOST_AUTO_TEST_CASE(tools_and_their_choice_fit) {
  check_refused([](r_ r) { r.tools = {"unknown_tool"}; }, "unknown_tool");
  check_refused(
    [](r_ r) {
      r.tools = {a_tool("same"), a_tool("same")};
    },
    "same");
  check_refused([](r_ r) { r.tool_policy = {{"(", {}}}; }, "(");
  check_refused(
    [](r_ r) {
      r.tool_choice = {tool_choice::mode::one, "f"};
    },
    "no tool \"f\"");
  check_refused([](r_ r) { r.tool_choice.how = tool_choice::mode::required; },
                "there is no tool");
  for (const auto& [how, piece] :
       {std::pair{tool_choice::mode::one, "disables \"f\""},
        {tool_choice::mode::required, "there is no tool"}})
    check_refused(
      [&, to = how](r_ r) {
        r.tools = {a_tool("f")};
        r.tool_policy = {{".*", tool_rule::verdict::disable}};
        r.tool_choice = {to, "f"};
      },
      piece);
  for (const auto how : {tool_choice::mode::one, tool_choice::mode::required})
    BOOST_TEST(after([&](r_ r) {
                 r.tools = {a_tool("f")};
                 r.tool_choice = {how, "f"};
               })
               == "ok");
}

BOOST_AUTO_TEST_CASE(defaults_fill_what_is_open_and_nothing_else) {
  start_defaults d;
  d.max_output_tokens = 5;
  d.thinking_level = thinking_level::high;
  d.cache = cache_ttl::one_hour;
  d.sampling = {0.1, 0.2, 3u, 0.4, 0.5, 6, {"end"}};
  start_request empty;
  apply_defaults(empty, d);
  BOOST_TEST((empty.sampling == d.sampling));
  BOOST_TEST((empty.max_output_tokens == 5u));
  BOOST_TEST((empty.thinking_level == thinking_level::high));
  BOOST_TEST((empty.cache == cache_ttl::one_hour));

  start_request own;
  own.max_output_tokens = 9;
  own.thinking_level = thinking_level::off;
  own.cache = cache_ttl::five_minutes;
  own.sampling = {1.1, 1.2, 13u, 1.4, 1.5, 16, {"stop"}};
  const auto before = own.sampling;
  apply_defaults(own, d);
  BOOST_TEST((own.sampling == before));
  BOOST_TEST((own.max_output_tokens == 9u));
  BOOST_TEST((own.thinking_level == thinking_level::off));
  BOOST_TEST((own.cache == cache_ttl::five_minutes));
}
