// Goal: our verdict on an input is draft 7's, whatever keywords meet. Method:
// random small schemas and inputs, held against valijson; and each keyword is
// taken away again, so that it is known to have decided some of the verdicts.
//
// What valijson 1.0 gets wrong is not asked of it, but stands in the table of
// tool_input_check_test. It takes 1.0 for no integer and for unequal to 1; cuts
// a fraction off before `multipleOf` looks; ends a string at a NUL; compares
// bounds as doubles; and takes a `propertyNames` for the schema that it stands
// in if a `$ref` leads to that one. Hence: fractions end in .5 and never meet
// `multipleOf`; strings and integers are small; no schema has both
// `propertyNames` and `$ref`.
#define BOOST_TEST_MODULE tool_input_oracle
#include <boost/test/unit_test.hpp>

#include "actors/tool_input_check.hpp"
#include "providers/json.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#include <vector>

using namespace penstock;

namespace {

const char* const limits_of_one[] = {
  "minLength",        "maxLength",       "minItems", "maxItems",
  "minProperties",    "maxProperties",   "minimum",  "maximum",
  "exclusiveMinimum", "exclusiveMaximum"};
const char* const within[] = {"items", "contains", "additionalProperties"};
const char* const several[] = {"allOf", "anyOf", "oneOf"};
const char* const types[] = {"null",   "boolean", "integer", "number",
                             "string", "array",   "object"};

// Small schemas over small values, so that they meet often.
class random_json {
public:
  explicit random_json(unsigned seed)
    : random_(seed), whole_(pick(3) == 0), has_refs_(pick(2) == 0) {}

  json value(int depth) {
    switch (pick(depth > 0 ? 9u : 5u)) {
    case 0:
      return nullptr;
    case 1:
      return pick(2) == 0;
    case 2:
      return static_cast<int>(pick(7)) - 1;
    case 3:
      return whole_ ? json(pick(7)) : json(0.5 + pick(3));
    case 4:
      return text();
    case 5:
    case 6: {
      auto all = json::array();
      for (auto n = pick(4); n > 0; --n)
        all.push_back(all.empty() || pick(3) > 0 ? value(depth - 1) : all[0]);
      return all;
    }
    default: {
      auto all = json::object();
      for (auto n = pick(4); n > 0; --n)
        all[name()] = value(depth - 1);
      return all;
    }
    }
  }

  // One keyword alone decides more often than one of many.
  json root() {
    auto made = pick(3) == 0 ? single() : schema(3, 0, true);
    if (!made.is_object())
      return json::object();
    for (unsigned i = 0; has_refs_ && i < definitions; ++i)
      made["definitions"]["d" + std::to_string(i)] = schema(2, i + 1, false);
    return made;
  }

private:
  json single() {
    auto made = json::object();
    if (pick(2) == 0)
      add_limit(made);
    else
      add_schema(made, 0, 0);
    return made;
  }

  static constexpr unsigned definitions = 3;

  unsigned pick(unsigned below) { return random_() % below; }
  template <std::size_t N>
  std::string one_of(const char* const (&all)[N]) {
    return all[pick(N)];
  }
  std::string name() { return std::string(1, "abc"[pick(3)]); }
  std::string text() { return pick(4) == 0 ? "ä" : std::string(pick(3), 'a'); }

  // In place, a definition may only refer to later ones, from `first` on: a
  // circle that does not go into the value is no schema.
  json schema(int depth, unsigned first, bool is_root) {
    if (!is_root && pick(12) == 0)
      return pick(2) == 0;
    if (has_refs_ && !is_root && first < definitions && pick(5) == 0)
      return {{"$ref", "#/definitions/d"
                         + std::to_string(first + pick(definitions - first))},
              {"maxLength", 0}, // ignored beside a $ref
              {"required", {"a", "b", "c"}}};
    auto made = json::object();
    for (auto n = pick(3); n > 0; --n)
      add_limit(made);
    if (depth > 0)
      for (auto n = pick(3) + (is_root ? 1 : 0); n > 0; --n)
        add_schema(made, depth - 1, first);
    return made;
  }

  json below(int depth) {
    return has_refs_ && pick(12) == 0 ? json{{"$ref", "#"}}
                                      : schema(depth, 0, false);
  }

  void add_limit(json& to) {
    switch (pick(9)) {
    case 0:
      to["type"] = one_of(types);
      break;
    case 1:
      to["type"] = json{one_of(types), one_of(types)};
      break;
    case 2:
      to["required"] = json{name()};
      break;
    case 3:
      to["uniqueItems"] = true;
      break;
    case 4:
      to["pattern"] = std::string{"^a"} + "*+"[pick(2)] + "$";
      break;
    case 5:
      to["const"] = value(1);
      break;
    case 6:
      to["enum"] = json{value(1), value(0), value(0)};
      break;
    case 7:
      if (whole_) {
        to["multipleOf"] = pick(3) + 2;
        break;
      }
      [[fallthrough]];
    default:
      to[one_of(limits_of_one)] = pick(4);
    }
  }

  void add_schema(json& to, int depth, unsigned first) {
    switch (pick(10)) {
    case 0:
      to[one_of(several)] =
        json{schema(depth, first, false), schema(depth, first, false)};
      break;
    case 1:
    case 2:
      to["properties"][name()] = below(depth);
      break;
    case 3:
      to["patternProperties"]["[ab]"] = below(depth);
      break;
    case 4:
      to["dependencies"][name()] =
        pick(2) == 0 ? json::array({name()}) : schema(depth, first, false);
      break;
    case 5:
      to["items"] = json::array({below(depth)});
      if (pick(4) > 0)
        to["additionalItems"] = below(depth);
      break;
    case 6:
      to["not"] = schema(depth, first, false);
      break;
    case 7:
      for (const auto* key : {"if", "then", "else"})
        if (pick(4) > 0)
          to[key] = schema(depth, first, false);
      break;
    case 8:
      if (!has_refs_) {
        to["propertyNames"] = below(depth);
        break;
      }
      [[fallthrough]];
    default:
      to[one_of(within)] = below(depth);
    }
  }

  std::minstd_rand random_;
  const bool whole_;    // No fraction anywhere.
  const bool has_refs_; // And no `propertyNames`.
};

class oracle {
public:
  explicit oracle(const json& schema) {
    valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(
      adapter{schema}, schema_);
  }
  bool takes(const json& value) {
    return valijson::Validator{}.validate(schema_, adapter{value}, nullptr);
  }

private:
  using adapter = valijson::adapters::NlohmannJsonAdapter;
  valijson::Schema schema_;
};

tool_input_check compiled(const json& schema) {
  auto result = tool_input_check::compile({"probe", "", to_text(schema)});
  BOOST_TEST_REQUIRE(result.has_value(),
                     schema << ": " << result.error().message);
  return *result;
}

// The keywords of a schema, and of those in it. No value has such names.
void collect(const json& from, std::vector<std::string>& keywords) {
  for (const auto& [key, inner] : from.items()) {
    if (from.is_object() && key.size() > 1 && key[0] != 'd' && key[0] != '[')
      keywords.push_back(key);
    if (key == "dependencies")
      keywords.push_back(key);
    if (inner.is_structured())
      collect(inner, keywords);
  }
}

void strip(json& from, const std::string& keyword) {
  if (from.is_object())
    from.erase(keyword);
  if (from.is_structured())
    for (auto& inner : from)
      strip(inner, keyword);
}

// For each keyword, how many verdicts were another without it.
class influence {
public:
  void measure(const json& schema, const std::string& input, bool verdict) {
    std::vector<std::string> keywords;
    collect(schema, keywords);
    std::ranges::sort(keywords);
    keywords.erase(std::unique(keywords.begin(), keywords.end()),
                   keywords.end());
    for (const auto& one : keywords) {
      if (decided_[one] >= enough)
        continue;
      auto less = schema;
      strip(less, one);
      decided_[one] += compiled(less).check(input).has_value() != verdict;
    }
  }
  std::size_t of(const std::string& keyword) { return decided_[keyword]; }
  /// A keyword that has decided so often is not taken away any more.
  static constexpr std::size_t enough = 5;

private:
  std::map<std::string, std::size_t> decided_;
};

} // namespace

BOOST_AUTO_TEST_CASE(random_schemas_agree_with_valijson) {
  std::size_t taken = 0, refused = 0;
  influence decided;
  for (unsigned seed = 1; seed <= 5'000; ++seed) {
    random_json random{seed}; // A failure names what repeats it.
    const auto schema = random.root();
    const auto check = compiled(schema);
    oracle knows{schema};
    for (int i = 0; i < 5; ++i) {
      const auto value = random.value(3);
      const auto text = to_text(value);
      const bool ours = check.check(text).has_value();
      (ours ? taken : refused) += 1;
      BOOST_TEST(ours == knows.takes(value), "seed " << seed << ": " << schema
                                                     << " and " << value
                                                     << ", ours " << ours);
      if (i < 2)
        decided.measure(schema, text, ours);
    }
  }
  BOOST_TEST(taken > 8'000u);
  BOOST_TEST(refused > 8'000u);
  for (const auto* one : {"type",
                          "const",
                          "enum",
                          "required",
                          "uniqueItems",
                          "pattern",
                          "multipleOf",
                          "properties",
                          "patternProperties",
                          "dependencies",
                          "items",
                          "additionalItems",
                          "contains",
                          "additionalProperties",
                          "propertyNames",
                          "$ref",
                          "not",
                          "if",
                          "then",
                          "else",
                          "allOf",
                          "anyOf",
                          "oneOf"})
    BOOST_TEST(decided.of(one) == influence::enough,
               one << " decided " << decided.of(one));
  for (const auto* one : limits_of_one)
    BOOST_TEST(decided.of(one) == influence::enough,
               one << " decided " << decided.of(one));
}
