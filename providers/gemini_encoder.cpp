#include "providers/gemini_encoder.hpp"

#include "providers/encoding.hpp"
#include "providers/gemini_messages.hpp"
#include "providers/gemini_models.hpp"
#include "providers/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace penstock::gemini {

namespace {

using encoding::parse_object;

constexpr std::size_t stops_max = 5;

// Whether a schema asks for nothing: such a function has no parameters.
bool asks_nothing(const ordered_json& schema) {
  for (const auto& [name, value] : schema.items())
    if (name == "properties" || name == "required"
          ? !value.empty()
          : name != "type" && name != "additionalProperties"
              && name != "$schema" && name != "title" && name != "description")
      return false;
  return true;
}

/// Writes one request, member by member.
class encoder {
public:
  encoder(const endpoint& at, std::string_view model, const prompt& what)
    : at_(at), model_(model), what_(what), facts_(facts_of(model)) {}

  expected<encoded_request> run();

private:
  expected<std::string> make_url() const;
  expected<void> add_messages();
  expected<void> add_tools();
  expected<void> add_tool_choice();
  expected<void> add_response_format();
  expected<void> add_thinking();
  expected<void> add_sampling();
  expected<void> add_provider_options();
  void set_budget(ordered_json& config, thinking_level level);
  void set_level(ordered_json& config, thinking_level level);

  const endpoint& at_;
  std::string_view model_;
  const prompt& what_;
  const model_facts facts_;
  ordered_json body_ = ordered_json::object();
  ordered_json config_ = ordered_json::object(); // generationConfig
  encoder_notes left_out_;
};

expected<encoded_request> encoder::run() {
  for (const auto step :
       {&encoder::add_messages, &encoder::add_tools, &encoder::add_tool_choice,
        &encoder::add_sampling, &encoder::add_response_format,
        &encoder::add_thinking, &encoder::add_provider_options})
    if (auto done = (this->*step)(); !done)
      return fail(done.error());
  if (what_.cache != cache_ttl::off)
    left_out_.emplace_back("cache: the server decides what it keeps");
  auto url = make_url();
  if (!url)
    return fail(url.error());
  auto headers = encoding::request_headers(at_, what_, "x-goog-api-key");
  if (!headers)
    return fail(headers.error());
  encoded_request request;
  request.http.url = std::move(*url);
  request.http.headers = std::move(*headers);
  request.http.body = to_text(body_);
  request.left_out = std::move(left_out_);
  return request;
}

// A path segment that is a version: v1, v1beta, v1beta1.
bool has_version(std::string_view base) {
  for (auto at = base.find("/v"); at != base.npos;
       at = base.find("/v", at + 1)) {
    const auto segment = base.substr(at + 2, base.find('/', at + 2) - at - 2);
    if (!segment.empty() && segment[0] >= '0' && segment[0] <= '9')
      return true;
  }
  return false;
}

expected<std::string> encoder::make_url() const {
  constexpr std::string_view plain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@/";
  constexpr char hex[] = "0123456789ABCDEF";
  auto url = at_.base_url + (has_version(at_.base_url) ? "/" : "/v1beta/");
  if (model_.find('/') == model_.npos)
    url += "models/";
  for (const char c : model_) {
    if (plain.find(c) != plain.npos) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url.append({'%', hex[byte / 16], hex[byte % 16]});
  }
  const auto path = '/' + std::string{model_} + '/';
  for (const char* part : {"//", "/./", "/../"})
    if (path.find(part) != path.npos)
      return fail(errc::invalid_request,
                  "the name of the model is no path of a model");
  return url + ":streamGenerateContent?alt=sse";
}

expected<void> encoder::add_messages() {
  auto talk = to_conversation(what_, at_, model_, facts_, left_out_);
  if (!talk)
    return fail(talk.error());
  body_["contents"] = std::move(talk->contents);
  if (!talk->system.empty()) {
    auto& parts = body_["systemInstruction"]["parts"] = ordered_json::array();
    parts.emplace_back()["text"] = std::move(talk->system);
  }
  return {};
}

expected<void> encoder::add_tools() {
  if (what_.tools.empty())
    return {};
  auto declarations = ordered_json::array();
  for (const auto& tool : what_.tools) {
    ordered_json one{{"name", tool.name}, {"description", tool.description}};
    if (!tool.input_schema_json.empty()) {
      auto schema = encoding::input_schema(tool);
      if (!schema)
        return fail(schema.error());
      if (!asks_nothing(*schema))
        one["parametersJsonSchema"] = std::move(*schema);
    }
    declarations.push_back(std::move(one));
  }
  body_["tools"] = ordered_json::array();
  body_["tools"].emplace_back()["functionDeclarations"] =
    std::move(declarations);
  return {};
}

expected<void> encoder::add_tool_choice() {
  using enum tool_choice::mode;
  const auto& choice = what_.tool_choice;
  if (choice.how == automatic || (choice.how == none && what_.tools.empty()))
    return {};
  auto& config = body_["toolConfig"]["functionCallingConfig"];
  if (choice.how == none) {
    config["mode"] = "NONE";
    return {};
  }
  if (auto there = encoding::check_choice(choice, what_.tools); !there)
    return there;
  config["mode"] = "ANY";
  if (choice.how == required)
    return {};
  config["allowedFunctionNames"].push_back(choice.name);
  return {};
}

expected<void> encoder::add_response_format() {
  using kind = response_format::kind;
  const auto& format = what_.response_format;
  if (format.what == kind::text)
    return {};
  if (!what_.tools.empty() && !facts_.json_with_tools)
    return fail(errc::invalid_request,
                std::string{model_}
                  + " has no JSON answer beside tools; leave one of them out "
                    "or use Gemini 3");
  config_["responseMimeType"] = "application/json";
  if (format.what == kind::json)
    return {};
  auto schema = parse_object(format.schema_json, "the schema of the answer");
  if (!schema)
    return fail(schema.error());
  config_["responseJsonSchema"] = std::move(*schema);
  return {};
}

// A budget per level, from `minimal`; that of `max` is the model's own most.
constexpr std::uint32_t budgets[] = {512, 2'048, 8'192, 24'576, 32'768};

// The reasoning counts as output: half of that stays for the answer.
void encoder::set_budget(ordered_json& config, thinking_level level) {
  auto budget = std::clamp(budgets[static_cast<std::size_t>(level) - 1],
                           facts_.budget_min, facts_.budget_max);
  if (const auto most = what_.max_output_tokens; most && budget >= *most)
    budget = std::max(facts_.budget_min, static_cast<std::uint32_t>(*most / 2));
  config["thinkingBudget"] = budget;
}

// The strongest of the model's levels that `level` allows, else the weakest.
void encoder::set_level(ordered_json& config, thinking_level level) {
  constexpr std::string_view names[] = {"MINIMAL", "LOW", "MEDIUM", "HIGH"};
  const auto wanted =
    std::min<std::size_t>(static_cast<std::size_t>(level), std::size(names));
  for (auto i = wanted; i-- > 0;)
    if (facts_.levels.find(names[i]) != facts_.levels.npos) {
      config["thinkingLevel"] = names[i];
      return;
    }
  config["thinkingLevel"] = facts_.levels.substr(0, facts_.levels.find(' '));
}

expected<void> encoder::add_thinking() {
  if (!what_.thinking)
    return {};
  const auto level = *what_.thinking;
  const bool off = level == thinking_level::off;
  if (facts_.thinks == thinking_kind::none) {
    if (!off)
      left_out_.push_back("thinking_level: not known to "
                          + std::string{model_});
    return {};
  }
  auto& config = config_["thinkingConfig"];
  if (!off)
    config["includeThoughts"] = true;
  if (facts_.thinks == thinking_kind::level)
    set_level(config, level);
  else if (!off)
    set_budget(config, level);
  else
    config["thinkingBudget"] = facts_.budget_off ? 0 : facts_.budget_min;
  if (off && !facts_.budget_off)
    left_out_.emplace_back(
      "thinking off: the model always thinks; the least it can");
  return {};
}

expected<void> encoder::add_sampling() {
  const auto& s = what_.sampling;
  if (what_.max_output_tokens)
    config_["maxOutputTokens"] = *what_.max_output_tokens;
  for (const auto& [name, value] :
       {std::pair{"temperature", s.temperature},
        {"topP", s.top_p},
        {"presencePenalty", s.presence_penalty},
        {"frequencyPenalty", s.frequency_penalty}}) {
    if (value && !std::isfinite(*value))
      return fail(errc::invalid_request,
                  std::string{name} + " must be a finite number");
    if (value)
      config_[name] = *value;
  }
  if (s.top_k)
    config_["topK"] = *s.top_k;
  using seed_limits = std::numeric_limits<std::int32_t>;
  if (s.seed && (*s.seed < seed_limits::min() || *s.seed > seed_limits::max()))
    return fail(errc::invalid_request,
                "google-gemini takes a seed of 32 bits only");
  if (s.seed)
    config_["seed"] = *s.seed;
  if (s.stop.size() > stops_max)
    return fail(errc::invalid_request, "google-gemini takes at most "
                                         + std::to_string(stops_max)
                                         + " stop texts");
  if (!s.stop.empty())
    config_["stopSequences"] = s.stop;
  return {};
}

expected<void> encoder::add_provider_options() {
  if (!config_.empty())
    body_["generationConfig"] = std::move(config_);
  if (what_.provider_options_json.empty())
    return {};
  auto options = parse_object(what_.provider_options_json, "provider_options");
  if (!options)
    return fail(options.error());
  if (auto more = options->find("tools");
      more != options->end() && more->is_array() && body_.contains("tools")) {
    for (auto& tool : *more)
      body_["tools"].push_back(std::move(tool));
    options->erase("tools");
  }
  body_.merge_patch(*options);
  return {};
}

} // namespace

expected<encoded_request>
encode_request(const endpoint& at, std::string_view model, const prompt& what) {
  return encoder{at, model, what}.run();
}

} // namespace penstock::gemini
