// Goal: a prompt becomes the request that the Anthropic API takes, or an error
// that says why not; no wish is dropped without a note.
// Method: changes to a plain prompt, and what the request then holds.
#define BOOST_TEST_MODULE anthropic_encoder
#include <boost/test/unit_test.hpp>

#include "providers/anthropic_codec.hpp"
#include "providers/anthropic_codec_models.hpp"
#include "tests/support/anthropic_requests.hpp"

#include <string>

using namespace penstock;
using namespace penstock::test;

BOOST_AUTO_TEST_CASE(a_plain_prompt_has_what_the_api_requires) {
  const auto request = anthropic_codec().encode(anthropic_endpoint(),
                                                "claude-sonnet-4-5", hello());
  BOOST_TEST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.method == "POST");
  BOOST_TEST(request->http.url == "https://api.anthropic.com/v1/messages");
  BOOST_TEST(request->left_out.empty());
  BOOST_TEST(
    request->http.body
    == R"({"model":"claude-sonnet-4-5","max_tokens":64000,"stream":true,)"
       R"("messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]})");
  const auto e = encode(hello());
  BOOST_TEST(e.header("x-api-key") == "key-1");
  BOOST_TEST(e.header("anthropic-version") == "2023-06-01");
  BOOST_TEST(e.header("content-type") == "application/json");
  BOOST_TEST(e.header("anthropic-beta") == "(none)");
}

BOOST_AUTO_TEST_CASE(the_base_url_may_have_the_version) {
  auto at = anthropic_endpoint();
  at.base_url = "http://127.0.0.1:9/x/v1";
  at.key = secret{};
  const auto request = anthropic_codec().encode(at, "m", hello());
  BOOST_TEST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.url == "http://127.0.0.1:9/x/v1/messages");
  BOOST_TEST(find_header(request->http.headers, "x-api-key") == nullptr);
}

BOOST_AUTO_TEST_CASE(system_text_is_a_field_of_its_own_or_absent) {
  BOOST_TEST(
    !encode(with([](auto& p) { p.system = " \n"; })).body.contains("system"));
  const auto e = encode(with([](auto& p) {
    p.system = "a";
    p.messages.insert(p.messages.begin(),
                      message{role::system, {text_content{"b"}}, ""});
  }));
  BOOST_TEST(e.body["system"] == json::array({text("a\n\nb")}));
  BOOST_TEST(e.body["messages"].size() == 1u);
}

BOOST_AUTO_TEST_CASE(tools_keep_the_order_of_their_schema) {
  const auto request =
    anthropic_codec().encode(anthropic_endpoint(), "claude-sonnet-4-5",
                             with([](auto& p) { p.tools = {get_tool()}; }));
  BOOST_TEST_REQUIRE(request.has_value());
  BOOST_TEST(
    request->http.body.find(R"("tools":[{"name":"get","description":"Gets.",)"
                            R"("input_schema":{"type":"object","b":1,"a":2}}])")
    != std::string::npos);
  const auto e = encode(with([](auto& p) {
    p.tools = {get_tool()};
    p.tools[0].input_schema_json = "[]";
  }));
  BOOST_TEST(e.error
             == "the input schema of the tool \"get\" must be a JSON object");
}

BOOST_AUTO_TEST_CASE(tool_choice_has_four_forms) {
  using enum tool_choice::mode;
  const auto choice = [](tool_choice c, bool tools = true,
                         std::string_view model = "claude-sonnet-4-5") {
    return encode(with([&](auto& p) {
                    p.tool_choice = c;
                    if (tools)
                      p.tools = {get_tool()};
                  }),
                  model);
  };
  BOOST_TEST(!choice({automatic, ""}).body.contains("tool_choice"));
  BOOST_TEST(choice({none, ""}).body["tool_choice"]
             == json({{"type", "none"}}));
  BOOST_TEST(!choice({none, ""}, false).body.contains("tool_choice"));
  BOOST_TEST(choice({required, ""}).body["tool_choice"]
             == json({{"type", "any"}}));
  BOOST_TEST(choice({one, "get"}).body["tool_choice"]
             == json({{"type", "tool"}, {"name", "get"}}));
  BOOST_TEST(choice({required, ""}, false).error
             == "tool_choice asks for a tool, but there is none");
  BOOST_TEST(
    choice({required, ""}, true, "claude-opus-5-5")
      .error.starts_with("claude-opus-5-5 cannot be forced to call a tool"));
}

BOOST_AUTO_TEST_CASE(sampling_is_bounded_by_the_api_and_the_model) {
  const auto e = encode(with([](auto& p) {
    p.sampling.temperature = 1.7;
    p.sampling.top_k = 5;
    p.sampling.presence_penalty = 1;
    p.sampling.frequency_penalty = 1;
    p.sampling.seed = 1;
    p.sampling.stop = {"END", "\n"};
  }));
  BOOST_TEST(e.body["temperature"] == 1.0);
  BOOST_TEST(e.body["top_k"] == 5);
  BOOST_TEST(e.body["stop_sequences"] == json::array({"END"}));
  for (const char* name :
       {"temperature", "presence_penalty", "frequency_penalty", "seed", "stop"})
    BOOST_TEST(e.noted(name), name);
  BOOST_TEST(!e.noted("top_k"));

  const auto both = with([](auto& p) {
    p.sampling.temperature = 0.5;
    p.sampling.top_p = 0.9;
  });
  BOOST_TEST(encode(both, "claude-3-5-haiku-latest").body["top_p"] == 0.9);
  BOOST_TEST(!encode(both).body.contains("top_p"));
  BOOST_TEST(encode(both).noted("top_p"));
  const auto newer = encode(both, "claude-opus-4-8");
  BOOST_TEST(!newer.body.contains("temperature"));
  BOOST_TEST(newer.noted("temperature"));
}

BOOST_AUTO_TEST_CASE(max_tokens_is_always_there) {
  BOOST_TEST(
    encode(with([](auto& p) { p.max_output_tokens = 7; })).body["max_tokens"]
    == 7);
  BOOST_TEST(encode(hello(), "claude-3-haiku-20240307").body["max_tokens"]
             == 4096);
  BOOST_TEST(encode(hello(), "some-server's-model").body["max_tokens"] == 8192);
}

BOOST_AUTO_TEST_CASE(a_thinking_level_is_a_budget_or_an_effort) {
  using enum thinking_level;
  const auto ask = [](std::string_view model, thinking_level level,
                      std::optional<std::uint64_t> max_tokens = {}) {
    return encode(with([&](auto& p) {
                    p.thinking = level;
                    p.max_output_tokens = max_tokens;
                  }),
                  model);
  };
  const auto budget = [](std::uint64_t tokens) {
    return json{{"type", "enabled"}, {"budget_tokens", tokens}};
  };
  BOOST_TEST(ask("claude-sonnet-4-5", minimal).body["thinking"]
             == budget(1024));
  BOOST_TEST(ask("claude-sonnet-4-5", max).body["thinking"] == budget(32'000));
  BOOST_TEST(ask("claude-sonnet-4-5", high, 3000).body["thinking"]
             == budget(1500));
  BOOST_TEST(ask("claude-sonnet-4-5", high, 1500).body["thinking"]
             == budget(1024));
  const auto little = ask("claude-sonnet-4-5", high, 1024);
  BOOST_TEST(!little.body.contains("thinking"));
  BOOST_TEST(little.noted("max_tokens leaves no room"));

  const auto adaptive = ask("claude-opus-4-6", medium).body;
  BOOST_TEST(adaptive["thinking"]
             == json({{"type", "adaptive"}, {"display", "summarized"}}));
  BOOST_TEST(adaptive["output_config"]["effort"] == "medium");
  BOOST_TEST(ask("claude-opus-5", max).body["output_config"]["effort"]
             == "max");
  BOOST_TEST(ask("claude-3-5-haiku-latest", high).noted("does not think"));

  BOOST_TEST(!ask("claude-sonnet-4-5", off).body.contains("thinking"));
  BOOST_TEST(!ask("claude-opus-4-8", off).body.contains("thinking"));
  BOOST_TEST(ask("claude-sonnet-5", off).body["thinking"]["type"]
             == "disabled");
  BOOST_TEST(ask("claude-sonnet-5-5", off).body["thinking"]["type"]
             == "between_tools");
  const auto always = ask("claude-fable-5-1", off);
  BOOST_TEST(!always.body.contains("thinking"));
  BOOST_TEST(always.body["output_config"]["effort"] == "low");
  BOOST_TEST(always.noted("always thinks"));
  BOOST_TEST(!encode(hello(), "claude-sonnet-5").body.contains("thinking"));
}

BOOST_AUTO_TEST_CASE(sampling_yields_to_thinking) {
  const auto e = encode(with([](auto& p) {
    p.thinking = thinking_level::low;
    p.sampling.temperature = 0.2;
    p.sampling.top_p = 0.5;
    p.sampling.top_k = 3;
  }));
  for (const char* name : {"temperature", "top_p", "top_k"}) {
    BOOST_TEST(!e.body.contains(name), name);
    BOOST_TEST(e.noted(name), name);
  }
  const auto harmless = encode(with([](auto& p) {
    p.thinking = thinking_level::low;
    p.sampling.temperature = 1.0;
  }));
  BOOST_TEST(harmless.body["temperature"] == 1.0);
  BOOST_TEST(harmless.notes.empty());
}

BOOST_AUTO_TEST_CASE(thinking_yields_to_what_shapes_the_answer) {
  const auto forced = [](std::string_view model) {
    return encode(with([](auto& p) {
                    p.thinking = thinking_level::high;
                    p.tools = {get_tool()};
                    p.tool_choice = {tool_choice::mode::required, ""};
                  }),
                  model);
  };
  for (const char* model : {"claude-sonnet-4-5", "claude-opus-4-6"}) {
    BOOST_TEST(!forced(model).body.contains("thinking"), model);
    BOOST_TEST(forced(model).noted("excludes a forced tool"), model);
  }
  BOOST_TEST(forced("claude-opus-5").body["thinking"]["type"] == "adaptive");

  const auto loop = [](content first, std::string_view model) {
    return encode(with([&](auto& p) {
                    p.thinking = thinking_level::high;
                    p.messages = {user("a"), assistant({first, call("t")}),
                                  result("t", "1")};
                  }),
                  model);
  };
  BOOST_TEST(loop(thought(), "claude-sonnet-4-5").body.contains("thinking"));
  const auto without = loop(text_content{"b"}, "claude-sonnet-4-5");
  BOOST_TEST(!without.body.contains("thinking"));
  BOOST_TEST(without.noted("began without it"));
  BOOST_TEST(
    loop(text_content{"b"}, "claude-opus-4-6").body.contains("thinking"));
}

BOOST_AUTO_TEST_CASE(an_answer_in_json_needs_a_schema_and_a_model_for_it) {
  using enum response_format::kind;
  const auto ask = [](response_format format, std::string_view model) {
    return encode(with([&](auto& p) { p.response_format = format; }), model);
  };
  const response_format schema{json_schema, "s", R"({"type":"object"})"};
  BOOST_TEST(
    ask(schema, "claude-sonnet-4-5").body["output_config"]["format"]
    == json::parse(R"({"type":"json_schema","schema":{"type":"object"}})"));
  BOOST_TEST(ask(schema, "claude-sonnet-4-20250514")
               .error.find("has no structured outputs")
             != std::string::npos);
  BOOST_TEST(ask({response_format::kind::json, "", ""}, "claude-opus-5")
               .error.find("without a schema")
             != std::string::npos);
  BOOST_TEST(ask({json_schema, "", "{"}, "claude-opus-5")
               .error.starts_with("the schema of the answer"));
}

BOOST_AUTO_TEST_CASE(caching_marks_at_most_four_places) {
  const auto ask = [](cache_ttl ttl) {
    return encode(with([&](auto& p) {
      p.cache = ttl;
      p.system = "s";
      p.tools = {get_tool(), {"put", "", ""}};
      p.messages = {user("a"), assistant({text_content{"b"}}), user("c"),
                    assistant({thought(), call("t")}), result("t", "1")};
    }));
  };
  BOOST_TEST(ask(cache_ttl::off).body.dump().find("cache_control")
             == std::string::npos);
  const auto body = ask(cache_ttl::one_hour).body;
  const json mark{{"type", "ephemeral"}, {"ttl", "1h"}};
  BOOST_TEST(body["system"][0]["cache_control"] == mark);
  BOOST_TEST(!body["tools"][0].contains("cache_control"));
  BOOST_TEST(body["tools"][1]["cache_control"] == mark);
  BOOST_TEST(body["messages"][4]["content"][0]["cache_control"] == mark);
  BOOST_TEST(body["messages"][2]["content"][0]["cache_control"] == mark);
  std::size_t marks = 0;
  const auto dump = body.dump();
  for (auto at = dump.find("cache_control"); at != dump.npos;
       at = dump.find("cache_control", at + 1))
    ++marks;
  BOOST_TEST(marks == 4u);
  BOOST_TEST(ask(cache_ttl::five_minutes).body["system"][0]["cache_control"]
             == json({{"type", "ephemeral"}}));
}

BOOST_AUTO_TEST_CASE(provider_options_are_merged_last) {
  const auto e = encode(with([](auto& p) {
    p.tools = {get_tool()};
    p.max_output_tokens = 5;
    p.provider_options_json = R"({"max_tokens":9,"stream":null,
      "metadata":{"user_id":"u"},
      "tools":[{"name":"get","defer_loading":true},
               {"type":"code_execution_20250825","name":"code_execution"}],
      "mcp_servers":[]})";
    p.headers = {{"Anthropic-Beta", "mine"}, {"x-trace", "1"}};
  }));
  BOOST_TEST(e.body["max_tokens"] == 9);
  BOOST_TEST(!e.body.contains("stream"));
  BOOST_TEST(e.body["metadata"]["user_id"] == "u");
  BOOST_TEST(e.body["tools"][0]["description"] == "Gets.");
  BOOST_TEST(e.body["tools"][0]["defer_loading"] == true);
  BOOST_TEST(e.body["tools"][1]["name"] == "code_execution");
  BOOST_TEST(e.header("anthropic-beta")
             == "mcp-client-2025-11-20,code-execution-2025-08-25,mine");
  BOOST_TEST(e.header("x-trace") == "1");
  for (const char* bad : {"[]", "{", "7"})
    BOOST_TEST(encode(with([&](auto& p) { p.provider_options_json = bad; }))
                 .error.starts_with("provider_options"),
               bad);
}

BOOST_AUTO_TEST_CASE(what_is_in_beta_is_asked_for) {
  const auto betas = [](const std::string& options) {
    return encode(with([&](auto& p) { p.provider_options_json = options; }))
      .header("anthropic-beta");
  };
  const std::string compact = "compact-2026-01-12",
                    clear = "context-management-2025-06-27";
  const auto edits = [](const std::string& list) {
    return R"({"context_management":{"edits":[)" + list + "]}}";
  };
  const std::string compaction = R"({"type":"compact_20260112"})",
                    clearing = R"({"type":"clear_tool_uses_20250919"})";
  BOOST_TEST(betas(edits(compaction)) == compact);
  BOOST_TEST(betas(edits(clearing)) == clear);
  BOOST_TEST(betas(edits(clearing + "," + compaction))
             == clear + "," + compact);
  BOOST_TEST(betas(R"({"fallbacks":[{"model":"claude-b"}]})")
             == "server-side-fallback-2026-06-01");
  BOOST_TEST(betas(R"({"fallbacks":"default"})")
             == "server-side-fallback-2026-07-01");
  BOOST_TEST(betas(R"({"context_management":7,"fallbacks":null})") == "(none)");
}

BOOST_AUTO_TEST_CASE(headers_cannot_be_split) {
  for (const header& bad :
       {header{"a\r\nb", "c"}, header{"a", "b\nc"}, header{"", "c"},
        header{"a", std::string{"b\0c", 3}}})
    BOOST_TEST(
      !encode(with([&](auto& p) { p.headers = {bad}; })).error.empty());
}

BOOST_AUTO_TEST_CASE(models_are_known_by_family_and_version) {
  using namespace penstock::anthropic;
  const auto same = [](const char* a, const char* b) {
    return &facts_of(a) == &facts_of(b);
  };
  BOOST_TEST(same("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"));
  BOOST_TEST(same("us.anthropic.claude-opus-4-6-v1:0", "claude-opus-4-6"));
  BOOST_TEST(same("anthropic/claude-opus-4.7", "claude-opus-4-8"));
  BOOST_TEST(same("anthropic/claude-3.5-haiku", "claude-3-5-haiku-20241022"));
  BOOST_TEST(same("claude-opus-4-20250514", "claude-opus-4-0"));
  BOOST_TEST(same("claude-sonnet-4-20250514", "claude-3-7-sonnet-latest"));
  BOOST_TEST(same("claude-fable-5-20260601", "claude-fable-5"));
  BOOST_TEST(same("claude-opus-7", "claude-opus-5-5"));
  BOOST_TEST(same("claude-mythos-preview", "claude-mythos-5-1"));
  BOOST_TEST(!same("claude-opus-5", "claude-opus-5-5"));
  BOOST_TEST(!same("claude-haiku-4-5", "claude-haiku-5-5"));
  BOOST_TEST(same("kimi-k2", ""));
  BOOST_TEST(!same("claude-unheard-of", "deepseek-chat"));
}

// "content cannot be empty if `is_error` is true", "all content must be type
// `text` if `is_error` is true": what the API says otherwise.
BOOST_AUTO_TEST_CASE(of_a_failed_call_the_result_is_text_alone) {
  const file_content picture{"image/png", "foo", {}, {}};
  const struct {
    const char *what, *output;
    std::vector<file_content> files;
    const char* text;
    std::size_t behind;
  } table[] = {
    {"a word", R"("no")", {}, "no", 0},
    {"no word", R"("")", {}, "The tool failed and did not say why.", 0},
    {"blanks", R"(" \n")", {}, "The tool failed and did not say why.", 0},
    {"a picture", R"("no")", {picture, picture}, "no", 3},
    {"a picture alone",
     R"("")",
     {picture},
     "The tool failed and did not say why.",
     2},
  };
  for (const auto& [what, output, files, text, behind] : table)
    BOOST_TEST_CONTEXT(what) {
      auto failed = result("t1", output, true);
      std::get<tool_result_content>(failed.parts[0]).files = files;
      const auto turns =
        encoded_turns({user("a"), assistant({call("t1")}), failed});
      const auto& content = turns[2]["content"];
      BOOST_TEST(content[0]["content"]
                 == json::array({{{"type", "text"}, {"text", text}}}));
      BOOST_TEST(content.size() == 1 + behind);
      if (behind > 0)
        BOOST_TEST(content.back()["type"] == "image");
    }
}
