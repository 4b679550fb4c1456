// Goal: every event is one line of JSON with all its fields, valid by
// docs/events.schema.json, whatever bytes it holds; and the schema is strict.
// Method: two samples of every kind, full and bare, are held against the
// schema, as are all their mutilations; the full ones also against their text.
#define BOOST_TEST_MODULE event_json
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "runtime/event_json.hpp"
#include "tests/support/event_samples.hpp"
#include "tests/support/event_schema.hpp"

#include <set>

using namespace penstock;
using namespace penstock::testing;

namespace {

ordered_json parsed(const stream_event& e) {
  return ordered_json::parse(json_line(e));
}

template <class Body>
ordered_json own_keys_of(Body body) {
  auto value = parsed(sample_of(std::move(body)));
  for (const auto name : {"event", "workspace_id", "stream_id", "message_id",
                          "seq", "at", "after", "replay"})
    value.erase(name);
  return value;
}

event::tool_call call_with(std::string name, std::string input_json) {
  return {1, "id", std::move(name), std::move(input_json), false, {}};
}

/// The value without one of its members, and with one misspelt, for every
/// member of every object in it that may not be so.
void mutilate(ordered_json& root, ordered_json& at, const std::string& path,
              const std::function<void(const std::string&)>& check) {
  if (at.is_array())
    for (std::size_t i = 0; i < at.size(); ++i)
      mutilate(root, at[i], path + "/" + std::to_string(i), check);
  // These hold what the host, a model or a tool made up.
  static const std::set<std::string> free{"metadata", "input", "output",
                                          "detail"};
  if (!at.is_object())
    return;
  const auto whole = at;
  at["surprise"] = 1;
  check(path + " with a surprise");
  for (const auto& [name, value] : whole.items()) {
    at = whole;
    const auto kept = at[name];
    at.erase(name);
    at[name + "_"] = kept;
    check(path + "/" + name + " misspelt");
    at = whole;
    if (!free.contains(name))
      mutilate(root, at[name], path + "/" + name, check);
    at = whole;
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(every_kind_has_samples_and_a_schema) {
  std::set<std::size_t> full, bare;
  std::vector<std::string> names;
  for (const auto& body : full_samples())
    full.insert(body.index());
  for (const auto& body : bare_samples()) {
    bare.insert(body.index());
    if (names.empty() || names.back() != name_of(body))
      names.emplace_back(name_of(body));
  }
  BOOST_TEST(full.size() == std::variant_size_v<event_body>);
  BOOST_TEST(bare.size() == std::variant_size_v<event_body>);
  std::sort(names.begin(), names.end());
  BOOST_TEST(event_schema{}.event_names() == names,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_event_is_valid_full_and_bare) {
  const event_schema schema;
  for (const auto& bodies : {full_samples(), bare_samples()})
    for (const auto& body : bodies) {
      const auto line = json_line(sample_of(body));
      BOOST_TEST_CONTEXT(line) {
        BOOST_TEST(schema.problem_of(line) == "");
        BOOST_TEST(line.find('\n') == line.npos);
        BOOST_TEST(ordered_json::parse(line)["event"] == name_of(body));
      }
    }
}

BOOST_AUTO_TEST_CASE(the_schema_refuses_what_is_misspelt_or_too_much) {
  const event_schema schema;
  std::size_t refused = 0;
  for (const auto& bodies : {full_samples(), bare_samples()})
    for (const auto& body : bodies) {
      auto value = parsed(sample_of(body));
      mutilate(value, value, "", [&](const std::string& what) {
        BOOST_TEST(schema.problem_of(value.dump()) != "", name_of(body)
                                                            << what);
        ++refused;
      });
    }
  BOOST_TEST(refused > 500u);
}

BOOST_AUTO_TEST_CASE(the_schema_refuses_what_is_missing) {
  const event_schema schema;
  // Bare samples hold nothing but what must be there, the position and `replay`
  // aside, and `caught_up` has no position.
  for (const auto& body : bare_samples()) {
    auto event = sample_of(body);
    event.after.reset();
    event.replay = false;
    const auto whole = parsed(event);
    for (const auto& [name, value] : whole.items()) {
      auto less = whole;
      less.erase(name);
      BOOST_TEST(schema.problem_of(less.dump()) != "",
                 name_of(body) << " without " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_schema_refuses_wrong_values) {
  const event_schema schema;
  const auto start = parsed(sample_of(bare_samples().front()));
  const std::pair<const char*, ordered_json> wrong[] = {
    {"event", "stream_begin"},
    {"event", nullptr},
    {"workspace_id", ""},
    {"stream_id", ""},
    {"stream_id", "0123456789ABCDEF"},
    {"stream_id", "0123456789abcdef0"},
    {"seq", 0},
    {"seq", "1"},
    {"seq", 1.5},
    {"at", "yesterday"},
    {"replay", false},
    {"history_sequence", -1},
    {"metadata", "{}"},
  };
  for (const auto& [name, value] : wrong) {
    auto other = start;
    other[name] = value;
    BOOST_TEST(schema.problem_of(other.dump()) != "", name << " " << value);
  }
}

BOOST_AUTO_TEST_CASE(the_common_keys_come_first_and_in_order) {
  auto e = sample_of(event::text_delta{3, 7, "Hi"});
  BOOST_TEST(json_line(e)
             == R"({"event":"text_delta","workspace_id":"w","stream_id":)"
                R"("00000000000000ff","message_id":"m","seq":9,)"
                R"("at":"2026-07-31T12:00:00.250Z","after":{"stream_id":)"
                R"("00000000000000ff","part":3,"offset":4},"replay":true,)"
                R"("part":3,"offset":7,"text":"Hi"})");
  e.after.reset();
  e.replay = false;
  BOOST_TEST(!parsed(e).contains("after"));
  BOOST_TEST(!parsed(e).contains("replay"));
  e.at = {};
  BOOST_TEST(parsed(e)["at"] == "1970-01-01T00:00:00.000Z");
  for (const auto at : {std::chrono::system_clock::time_point::min(),
                        std::chrono::system_clock::time_point::max()}) {
    e.at = at;
    BOOST_TEST(event_schema{}.problem_of(json_line(e)) == "");
  }
}

BOOST_AUTO_TEST_CASE(the_abort_of_nothing_has_an_empty_stream_id) {
  stream_event e;
  e.of = std::make_shared<stream_identity>(stream_identity{"w", {}, {}});
  e.seq = 1;
  event::stream_abort body;
  body.why = event::stream_abort::reason::startup;
  e.body = std::make_shared<const event_body>(body);
  const auto value = parsed(e);
  BOOST_TEST(value["stream_id"] == "");
  BOOST_TEST(value["reason"] == "startup");
  BOOST_TEST(event_schema{}.problem_of(json_line(e)) == "");
}

BOOST_AUTO_TEST_CASE(all_fields_are_told) {
  std::set<std::string> told;
  for (const auto& body : full_samples()) {
    std::string line{name_of(body)};
    line += own_keys_of(body).dump();
    told.insert(line);
  }
  for (const auto& want : full_sample_lines())
    BOOST_TEST(told.contains(want), want);
  BOOST_TEST(told.size() == full_sample_lines().size());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_do_no_harm) {
  const event_schema schema;
  const std::string broken = "a\xFF\xC3\"\\\n\x1B[31m\0z";
  const std::string texts[] = {
    json_line(sample_of(event::text_delta{1, 0, broken})),
    json_line(sample_of(call_with(broken, broken))),
    json_line(sample_of(call_with("a", "{\"a\":\"\\ud83d\"}"))),
    json_line(sample_of(call_with("a", "{\"\xFF\":1}"))),
    json_line(sample_of(call_with("a", ""))),
    json_line(sample_of(event::stream_start{broken, broken, 1, "[1]"})),
  };
  for (const auto& line : texts)
    BOOST_TEST_CONTEXT(line) {
      BOOST_TEST(schema.problem_of(line) == "");
      for (const char c : line)
        BOOST_TEST(static_cast<unsigned char>(c) >= 0x20);
    }
  const std::string deep(5'000, '[');
  BOOST_TEST(own_keys_of(call_with("a", deep))["input"] == deep);
}

BOOST_AUTO_TEST_CASE(a_host_cannot_overwrite_what_the_runtime_says) {
  event::stream_end end;
  end.model = "b:2";
  end.requested_model = "a:1";
  end.metadata_json = R"({"model":"x","mine":[1],"model":"y"})";
  const auto metadata = own_keys_of(end)["metadata"];
  BOOST_TEST(metadata["model"] == "b:2");
  BOOST_TEST(metadata["mine"] == ordered_json::array({1}));
  BOOST_TEST(metadata.dump().find('y') == std::string::npos);
}
