#include "tests/support/event_schema.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace penstock::testing {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

struct event_schema::parts {
  json text;
  valijson::Schema compiled;
};

event_schema::event_schema() : parts_(std::make_unique<parts>()) {
  const auto* root = std::getenv("PENSTOCK_SOURCE");
  const auto path = std::string{root ? root : "."} + "/docs/events.schema.json";
  std::ifstream file{path};
  if (!file)
    throw std::runtime_error{"cannot read " + path};
  parts_->text = json::parse(file);
  valijson::SchemaParser{}.populateSchema(NlohmannJsonAdapter{parts_->text},
                                          parts_->compiled);
}

event_schema::~event_schema() = default;

std::string event_schema::problem_of(const std::string& line) const {
  const auto value = json::parse(line, nullptr, false);
  if (value.is_discarded())
    return "not JSON";
  valijson::Validator validator;
  valijson::ValidationResults found;
  if (validator.validate(parts_->compiled, NlohmannJsonAdapter{value}, &found))
    return {};
  // A line fails every alternative but its own for another reason: of the
  // alternatives only the own one is told.
  const auto event =
    value.is_object() && value.contains("event") ? value["event"] : json{};
  const auto name =
    "event_" + (event.is_string() ? event : json("")).get<std::string>();
  const auto& definitions = parts_->text.at("definitions");
  if (!definitions.contains(name))
    return "unknown event";
  json own{{"definitions", definitions},
           {"allOf", {{{"$ref", "#/definitions/" + name}}}}};
  valijson::Schema schema;
  valijson::SchemaParser{}.populateSchema(NlohmannJsonAdapter{own}, schema);
  valijson::ValidationResults why;
  validator.validate(schema, NlohmannJsonAdapter{value}, &why);
  std::string text;
  valijson::ValidationResults::Error error;
  while (why.popError(error)) {
    for (const auto& step : error.context)
      text += step;
    text += ": " + error.description + "; ";
  }
  return text.empty() ? "fits several events" : text;
}

std::vector<std::string> event_schema::event_names() const {
  std::vector<std::string> names;
  for (const auto& one : parts_->text.at("oneOf")) {
    const json::json_pointer at{one.at("$ref").get<std::string>().substr(1)};
    names.push_back(parts_->text.at(at / "properties" / "event" / "const"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace penstock::testing
