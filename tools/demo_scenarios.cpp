#include "tools/demo_scenarios.hpp"

#include "providers/json.hpp"
#include "providers/scripted_answers.hpp"
#include "tools/demo_texts.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace penstock::cli {

namespace {

using std::chrono::milliseconds;

constexpr auto workspace_header = "x-workspace";

/// @param model "provider:model" or only the provider.
std::string api_of(const std::string& model) {
  const auto provider = model.substr(0, model.find(':'));
  return provider == "anthropic" || provider == "crowded"
             || provider == "remote"
           ? "anthropic-messages"
           : "openai-chat";
}

/// The figures that a provider reports for a turn: a token per delta.
token_usage usage_of(const scripted_turn& turn) {
  token_usage used;
  used.known = token_usage::quality::exact;
  used.input_total = 40;
  for (const auto& delta : turn.get().deltas) {
    used.output_total += delta.pieces.size();
    if (delta.what == scripted_turn::delta::kind::reasoning)
      used.reasoning += delta.pieces.size();
  }
  return used;
}

/// Makes scenarios at one speed; the n-th says other words than the others.
class author {
public:
  explicit author(double speed) : speed_(speed) {}

  milliseconds scaled(int ms) const {
    return milliseconds{
      std::max<std::int64_t>(1, static_cast<std::int64_t>(ms / speed_))};
  }

  demo_scenario begin(std::string workspace, std::string title,
                      std::string model, std::size_t sentences = 6) {
    demo_scenario made;
    made.text = demo_text(number_++, sentences);
    made.request = request_of(workspace, "Tell me something.", model);
    made.answered_by = std::move(model);
    made.workspace = std::move(workspace);
    made.title = std::move(title);
    return made;
  }

  start_request request_of(const std::string& workspace, std::string words,
                           std::string model) const {
    start_request made;
    made.workspace_id = workspace;
    made.messages = {user_text(std::move(words))};
    made.model = std::move(model);
    made.headers = {{workspace_header, workspace}};
    stream_options options;
    options.restarts.backoff_base_ms = scaled(500);
    options.restarts.backoff_cap_ms = scaled(800);
    made.options = options;
    return made;
  }

  http_answer say(const std::string& api, scripted_turn turn) const {
    turn.usage(usage_of(turn));
    // A little uneven, as models are.
    const auto pace = 45 + static_cast<int>(number_ * 7 % 30);
    return *scripted_answer(
      api, turn, {{}, scaled(60), scaled(200 + pace * 3), scaled(pace)});
  }

  milliseconds error_delay() const { return scaled(150); }

private:
  double speed_;
  std::size_t number_ = 0;
};

/// One answer after the other; the last one again for what should not come.
answer_maker in_order(std::vector<http_answer> answers) {
  return [answers = std::move(answers)](const http_request&, std::size_t n) {
    return answers[std::min(n, answers.size() - 1)];
  };
}

http_answer error_of(const author& by, const std::string& api, int status,
                     std::string type, std::string message,
                     header_list headers = {}) {
  auto made = error_answer(api, status, std::move(type), std::move(message),
                           std::move(headers));
  made.head_delay = by.error_delay();
  return made;
}

// ---- answers as they should be ----------------------------------------------

demo_scenario plain(author& by, std::string name, const std::string& model) {
  auto s = by.begin(std::move(name), "a plain answer", model, 7);
  s.answers = in_order({by.say(api_of(model), scripted_turn{}.text(s.text))});
  return s;
}

demo_scenario reasoned(author& by, std::string name, const std::string& model) {
  auto s = by.begin(std::move(name), "thinks, then answers", model, 5);
  s.reasoning = demo_text(17, 3);
  s.answers = in_order({by.say(
    api_of(model),
    scripted_turn{}.reasoning(s.reasoning, "c2lnbmF0dXJl").text(s.text))});
  return s;
}

demo_scenario with_tools(author& by, std::string name, const std::string& model,
                         bool twice) {
  auto s = by.begin(
    std::move(name),
    twice ? "calls two tools, answers" : "calls a tool, answers", model, 4);
  s.request.tools = {std::string{"tide"}};
  auto turn = scripted_turn{};
  turn.tool_call("call-1", "tide", R"({"harbour":"Brest"})");
  if (twice)
    turn.tool_call("call-2", "tide", R"({"harbour":"Saint-Malo"})");
  s.tool_calls = twice ? 2 : 1;
  s.requests = 2;
  s.answers = in_order({by.say(api_of(model), turn),
                        by.say(api_of(model), scripted_turn{}.text(s.text))});
  return s;
}

demo_scenario reconnected(author& by) {
  auto s = by.begin("commuter", "leaves, comes back, goes on", "chat:swift", 7);
  s.answers = in_order({by.say("openai-chat", scripted_turn{}.text(s.text))});
  s.action = demo_action::leave;
  s.after_words = 20;
  s.delay = by.scaled(1'500);
  return s;
}

// ---- answers that go wrong and are saved ------------------------------------

/// The server goes on from what the request says was already read, as a model
/// does. Without that it begins anew, and the text is not the script's.
demo_scenario cut(author& by, std::string name, const std::string& model,
                  http_answer::ending how, std::string title) {
  auto s = by.begin(std::move(name), std::move(title), model, 6);
  const auto half = demo_half(s.text);
  auto first = by.say(api_of(model), scripted_turn{}.text(half).truncated());
  first.ends = how;
  first.end_delay = by.scaled(200);
  s.requests = 2;
  s.answers = [by, api = api_of(model), all = s.text,
               first](const http_request& request, std::size_t n) {
    if (n == 0)
      return first;
    const auto partial = partial_in(request);
    const auto known =
      all.compare(0, partial.size(), partial) == 0 ? partial.size() : 0;
    return by.say(api, scripted_turn{}.text(all.substr(known)));
  };
  return s;
}

demo_scenario refused(author& by) {
  auto s = by.begin("refused", "refused, another helps", "relay:prim", 5);
  s.request.fallback = {{"anthropic:calm", {}, {}, {}, {}, {}}};
  s.answered_by = "anthropic:calm";
  s.requests = 2;
  s.answers =
    in_order({by.say("openai-chat",
                     scripted_turn{}.finish(finish_reason::content_filter)),
              by.say("anthropic-messages", scripted_turn{}.text(s.text))});
  return s;
}

demo_scenario rate_limited(author& by) {
  auto s = by.begin("limited", "429, waits as told, answers", "busy:swift", 4);
  s.delay = by.scaled(1'200);
  s.requests = 2;
  s.answers =
    in_order({error_of(by, "openai-chat", 429, "rate_limit_exceeded",
                       "Rate limit reached for requests",
                       {{"retry-after-ms", std::to_string(s.delay.count())}}),
              by.say("openai-chat", scripted_turn{}.text(s.text))});
  return s;
}

demo_scenario overloaded(author& by) {
  auto s =
    by.begin("crowded", "529 overloaded, then answers", "crowded:calm", 5);
  s.requests = 2;
  s.answers = in_order(
    {error_of(by, "anthropic-messages", 529, "overloaded_error", "Overloaded"),
     by.say("anthropic-messages", scripted_turn{}.text(s.text))});
  return s;
}

demo_scenario empty_at_first(author& by) {
  auto s =
    by.begin("speechless", "empty at first, asked again", "relay:small", 5);
  s.requests = 2;
  s.answers = in_order({by.say("openai-chat", scripted_turn{}),
                        by.say("openai-chat", scripted_turn{}.text(s.text))});
  return s;
}

// ---- answers that are ended -------------------------------------------------

demo_scenario stopped(author& by, bool soft) {
  auto s =
    soft ? by.begin("patient", "soft stop, at a boundary", "anthropic:calm", 6)
         : by.begin("aborted", "stopped by the user", "chat:swift", 8);
  auto turn = scripted_turn{};
  if (soft) {
    s.reasoning = demo_text(5, 4);
    turn.reasoning(s.reasoning, "c2lnbmF0dXJl");
  }
  turn.text(s.text);
  s.answers = in_order({by.say(api_of(s.answered_by), turn)});
  s.action = soft ? demo_action::soft_stop : demo_action::stop;
  s.after_words = soft ? 20 : 35;
  s.end = demo_end::aborted;
  return s;
}

demo_scenario replaced(author& by) {
  auto s =
    by.begin("replaced", "replaced by a newer question", "anthropic:calm", 4);
  const auto old = demo_text(11, 9);
  s.replacement =
    by.request_of(s.workspace, "No, something else.", s.answered_by);
  s.requests = 2;
  s.answers =
    in_order({by.say("anthropic-messages", scripted_turn{}.text(old)),
              by.say("anthropic-messages", scripted_turn{}.text(s.text))});
  s.action = demo_action::replace;
  s.after_words = 25;
  return s;
}

demo_scenario locked_out(author& by) {
  auto s = by.begin("lockedout", "401: fails, and says why", "locked:swift", 1);
  s.end = demo_end::failed;
  s.why = errc::authentication;
  s.answers = in_order(
    {error_of(by, "openai-chat", 401, "invalid_api_key",
              "Incorrect API key provided: " + std::string{demo_key} + ".")});
  return s;
}

demo_scenario stalled(author& by) {
  auto s = by.begin("stalled", "silent, ended by a clock", "hung:swift", 6);
  // Not shorter: a machine that is busy for a moment is no stalled server.
  s.delay = std::max(by.scaled(2'500), milliseconds{600});
  s.request.options->clocks.liveness_timeout_ms = s.delay;
  s.request.options->restarts.max_attempts_per_model = 1;
  auto answer =
    by.say("openai-chat", scripted_turn{}.text(demo_half(s.text)).truncated());
  answer.ends = http_answer::ending::stall;
  s.answers = in_order({std::move(answer)});
  s.end = demo_end::failed;
  s.why = errc::timeout;
  return s;
}

} // namespace

std::vector<demo_scenario> make_demo_scenarios(double speed) {
  using ending = http_answer::ending;
  author by{speed};
  std::vector<demo_scenario> all;
  all.push_back(plain(by, "plain", "chat:swift"));
  all.push_back(plain(by, "quiet", "anthropic:calm"));
  all.push_back(reasoned(by, "thinker", "chat:deep"));
  all.push_back(reasoned(by, "brooder", "anthropic:deep"));
  all.push_back(with_tools(by, "sailor", "chat:swift", false));
  all.push_back(with_tools(by, "pilot", "anthropic:calm", true));
  all.push_back(
    cut(by, "cut", "frail:swift", ending::reset, "cut by a reset, continued"));
  all.push_back(cut(by, "severed", "remote:calm", ending::closed,
                    "cut by a close, continued"));
  all.push_back(refused(by));
  all.push_back(rate_limited(by));
  all.push_back(overloaded(by));
  all.push_back(empty_at_first(by));
  all.push_back(stopped(by, false));
  all.push_back(stopped(by, true));
  all.push_back(replaced(by));
  all.push_back(reconnected(by));
  all.push_back(locked_out(by));
  all.push_back(stalled(by));
  return all;
}

http_script make_demo_script(const std::vector<demo_scenario>& scenarios) {
  http_script script;
  for (const auto& s : scenarios) {
    request_match match;
    match.where = [name = s.workspace](const http_request& request) {
      return workspace_of(request) == name;
    };
    script.on(std::move(match), s.answers);
  }
  return script;
}

std::map<std::string, provider_config>
demo_providers(const std::string& origin) {
  std::map<std::string, provider_config> all;
  // Health is kept per endpoint: who is rate-limited or cut has its own. And a
  // new one gets `breaker_failures` requests at first, so it has no more.
  for (const auto* name : {"chat", "relay", "anthropic", "remote", "busy",
                           "crowded", "frail", "locked", "hung"}) {
    auto& at = all[name];
    at.api = api_of(name);
    at.base_url = origin + "/" + name + (at.api == "openai-chat" ? "/v1" : "");
    at.key = secret{std::string{demo_key}};
  }
  return all;
}

std::shared_ptr<const tool> make_demo_tool(double speed) {
  auto made = std::make_shared<tool>();
  made->definition = {"tide", "High water in a harbour",
                      R"({"type":"object","properties":{"harbour":)"
                      R"({"type":"string"}},"required":["harbour"]})"};
  const auto moment = author{speed}.scaled(600);
  made->handler = [moment](const tool_invocation& call) {
    std::mutex mutex;
    std::condition_variable_any cancelled;
    std::unique_lock lock{mutex};
    cancelled.wait_for(lock, call.cancelled, moment, [] { return false; });
    const auto input = parse_json(call.input_json);
    ordered_json output;
    output["high_water_in"] = input ? text_of(*input, "harbour") : "";
    output["at"] = "14:07";
    return tool_outcome{to_text(output), false, {}};
  };
  return made;
}

std::string workspace_of(const http_request& request) {
  const auto* const name = find_header(request.headers, workspace_header);
  return name ? *name : std::string{};
}

std::string partial_in(const http_request& request) {
  const auto body = parse_json(request.body);
  if (!body)
    return {};
  const auto& messages = member(*body, "messages");
  for (auto i = messages.size(); i > 0; --i) {
    const auto& message = element(messages, i - 1);
    if (bytes_of(message, "role") != "assistant")
      continue;
    const auto& content = member(message, "content");
    std::string text = text_of(content);
    if (content.is_array())
      for (const auto& part : content)
        text += text_of(part, "text");
    return text;
  }
  return {};
}

std::string wire_model_of(const http_request& request) {
  const auto body = parse_json(request.body);
  return body ? text_of(*body, "model") : std::string{};
}

std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  for (std::size_t at = 0;;) {
    at = text.find_first_not_of(" \t\n", at);
    if (at == text.npos)
      return words;
    ++words;
    at = std::min(text.find_first_of(" \t\n", at), text.size());
  }
}

} // namespace penstock::cli
