#include "runtime/option_table.hpp"

#include "messages/check.hpp"
#include "runtime/close_names.hpp"
#include "runtime/option_codecs.hpp"

#include <limits>
#include <utility>

namespace penstock {

namespace {

using namespace option_codecs;
using std::int64_t, std::uint64_t, std::string_view;

// ---- values with names -----------------------------------------------------

constexpr std::pair<string_view, partial_policy> on_partial_names[] = {
  {"continue", partial_policy::proceed},
  {"retract", partial_policy::retract},
  {"stop", partial_policy::stop}};

constexpr std::pair<string_view, thinking_level> thinking_names[] = {
  {"off", thinking_level::off},   {"minimal", thinking_level::minimal},
  {"low", thinking_level::low},   {"medium", thinking_level::medium},
  {"high", thinking_level::high}, {"max", thinking_level::max}};

constexpr std::pair<string_view, store_durability> durability_names[] = {
  {"process", store_durability::process}, {"power", store_durability::power}};

constexpr std::pair<string_view, cache_ttl> cache_names[] = {
  {"off", cache_ttl::off},
  {"5m", cache_ttl::five_minutes},
  {"1h", cache_ttl::one_hour}};

constexpr string_view none = "none", no_word;
constexpr auto int64_min = std::numeric_limits<int64_t>::min(),
               int64_max = std::numeric_limits<int64_t>::max();

/// Of what a request may leave to the provider: set, or not spoken of.
template <class Codec>
using unset_or = absent_or<Codec, no_word>;

// ---- the table -------------------------------------------------------------

struct row {
  option_description what;
  bool (*set)(runtime_options&, string_view text);
  std::string (*get)(const runtime_options&);
};

/// `Field` is a function from the options to the member.
template <auto Field, class Codec>
constexpr row make(string_view name, string_view expects, string_view meaning) {
  return {{name, expects, meaning},
          [](runtime_options& o, string_view text) {
            auto value = Codec::read(text);
            if (value)
              Field(o) = std::move(*value);
            return value.has_value();
          },
          [](const runtime_options& o) { return Codec::write(Field(o)); }};
}

#define FIELD(path)                                                            \
  [](auto& all) -> auto& {                                                     \
    return all.path;                                                           \
  }

constexpr string_view times = "milliseconds",
                      times_or_off = "milliseconds (0: off)",
                      times_1 = "milliseconds, at least 1", counts = "a count",
                      counts_1 = "a count, at least 1",
                      yes_no = "true or false";

// clang-format off
constexpr row rows[] = {
  // clocks of an attempt
  make<FIELD(streams.clocks.connect_timeout_ms), ms<>>("connect_timeout_ms", times_or_off,
    "until the connection stands"),
  make<FIELD(streams.clocks.first_byte_timeout_ms), ms<>>("first_byte_timeout_ms", times_or_off,
    "from the request to the answer's first byte"),
  make<FIELD(streams.clocks.first_token_timeout_ms), ms<>>("first_token_timeout_ms", times_or_off,
    "from the request to the first text, reasoning or tool delta"),
  make<FIELD(streams.clocks.liveness_timeout_ms), ms<>>("liveness_timeout_ms", times_or_off,
    "between any two bytes, pings included"),
  make<FIELD(streams.clocks.progress_timeout_ms), ms<>>("progress_timeout_ms", times_or_off,
    "between two text, reasoning or tool deltas"),
  make<FIELD(streams.finish_linger_ms), ms<>>("finish_linger_ms", times,
    "how long a connection may take to end after its answer's end"),
  make<FIELD(streams.error_body_timeout_ms), ms<>>("error_body_timeout_ms", times,
    "how long the body of an error may take after its head"),

  // restarts
  make<FIELD(streams.restarts.max_attempts_per_model), count<1>>("max_attempts_per_model", counts_1,
    "attempts of one model, in a step"),
  make<FIELD(streams.restarts.max_truncated_attempts_per_model), count<1>>("max_truncated_attempts_per_model", counts_1,
    "the same of answers that were cut short"),
  make<FIELD(streams.restarts.empty_retries_max), count<>>("empty_retries_max", counts,
    "silent retries of an empty answer, in a stream"),
  make<FIELD(streams.restarts.backoff_base_ms), ms<>>("backoff_base_ms", times,
    "delay before the first retry"),
  make<FIELD(streams.restarts.backoff_factor), count<1>>("backoff_factor", counts_1,
    "what each further delay is multiplied by"),
  make<FIELD(streams.restarts.backoff_cap_ms), ms<>>("backoff_cap_ms", times,
    "the longest delay"),
  make<FIELD(streams.restarts.max_retry_after_ms), ms<>>("max_retry_after_ms", times,
    "a provider's hint above this leads to the next model"),
  make<FIELD(streams.restarts.max_restarts), count<>>("max_restarts", counts,
    "of a stream within the window"),
  make<FIELD(streams.restarts.restart_window_ms), ms<1>>("restart_window_ms", times_1,
    "the window of max_restarts"),
  make<FIELD(streams.restarts.fallback_on_config_error), flag>("fallback_on_config_error", yes_no,
    "whether a missing key, quota, permission or model leads to the next model"),

  // streams
  make<FIELD(streams.on_partial), word<partial_policy, on_partial_names>>("on_partial", "continue, retract or stop",
    "what becomes of output that was shown when its attempt fails"),
  make<FIELD(streams.trim_repeated_text), flag>("trim_repeated_text", yes_no,
    "leave out what a continuation repeats"),
  make<FIELD(streams.stream_deadline_ms), absent_or<ms<1>, none>>("stream_deadline_ms", "milliseconds, at least 1, or none",
    "of the whole stream"),
  make<FIELD(streams.hedge_after_ms), ms<>>("hedge_after_ms", times_or_off,
    "ask the next model too if no token came by then"),
  make<FIELD(streams.soft_stop_wait_ms), ms<>>("soft_stop_wait_ms", times,
    "how long a soft stop at a boundary waits for word that this was the end"),
  make<FIELD(streams.kill_deadline_ms), ms<>>("kill_deadline_ms", times,
    "when a worker that ignores its cancellation is left behind"),
  make<FIELD(streams.partial_flush_interval_ms), ms<>>("partial_flush_interval_ms", times,
    "how often a running stream's parts are written"),
  make<FIELD(streams.max_steps), count<1>>("max_steps", counts_1,
    "model calls of one stream"),

  // workspaces and their store
  make<FIELD(workspaces.passivate_after_ms), ms<>>("passivate_after_ms", times,
    "how long an idle workspace stays in memory"),
  make<FIELD(durability), word<store_durability, durability_names>>("durability", "process or power",
    "what a commit survives: the end of the process, or of the power"),
  make<FIELD(workspaces.store_deadline_ms), ms<1>>("store_deadline_ms", times_1,
    "when a commit that has not come fails"),

  // endpoints
  make<FIELD(endpoints.max_concurrent_attempts), count<>>("max_concurrent_attempts", "a count (0: no limit)",
    "attempts of one endpoint at a time"),
  make<FIELD(endpoints.breaker_failures), count<1>>("breaker_failures", counts_1,
    "failures that open its circuit, if half of its attempts fail"),
  make<FIELD(endpoints.breaker_window_ms), ms<1>>("breaker_window_ms", times_1,
    "time within which failures are counted"),
  make<FIELD(endpoints.breaker_cooldown_ms), ms<>>("breaker_cooldown_ms", times,
    "how long an open circuit stays open before a probe"),
  make<FIELD(endpoints.cooldown_max_ms), ms<>>("cooldown_max_ms", times,
    "the longest that a provider's hint keeps its endpoint closed"),
  make<FIELD(endpoints.cold_start_hold_ms), ms<>>("cold_start_hold_ms", times_or_off,
    "how long attempts wait for the first answer of an endpoint that has not answered lately"),

  // what a request says
  make<FIELD(starts.max_output_tokens), unset_or<number<uint64_t, 1, int64_max>>>("max_output_tokens", counts_1,
    "tokens of one answer"),
  make<FIELD(starts.sampling.temperature), unset_or<number<double, 0, 100>>>("temperature", "a number from 0 to 100",
    "how much chance there is in an answer"),
  make<FIELD(starts.sampling.top_p), unset_or<number<double, 0, 1>>>("top_p", "a number from 0 to 1",
    "the share of likely tokens that it is drawn from"),
  make<FIELD(starts.sampling.top_k), unset_or<count<1>>>("top_k", counts_1,
    "the number of tokens that it is drawn from"),
  make<FIELD(starts.sampling.presence_penalty), unset_or<number<double, -100, 100>>>("presence_penalty", "a number from -100 to 100",
    "against tokens that were used"),
  make<FIELD(starts.sampling.frequency_penalty), unset_or<number<double, -100, 100>>>("frequency_penalty", "a number from -100 to 100",
    "against tokens by how often they were used"),
  make<FIELD(starts.sampling.seed), unset_or<number<int64_t, int64_min, int64_max>>>("seed", "a whole number",
    "makes chance repeatable where a provider takes it"),
  make<FIELD(starts.thinking_level), unset_or<word<thinking_level, thinking_names>>>("thinking_level", "off, minimal, low, medium, high or max",
    "how much the model thinks"),
  make<FIELD(starts.cache), word<cache_ttl, cache_names>>("cache", "off, 5m or 1h",
    "how long the provider keeps the prompt"),

  // the runtime
  make<FIELD(threads), count<0, 1'024>>("threads", "a count from 1 to 1024 (0: one per core)",
    "threads of the actors"),
  make<FIELD(tool_threads), count<1, 1'024>>("tool_threads", "a count from 1 to 1024",
    "handlers of tools that run at a time, and as many hooks"),
  make<FIELD(callback_threads), count<1, 1'024>>("callback_threads", "a count from 1 to 1024",
    "callbacks of the host that run at a time"),
  make<FIELD(shutdown_deadline_ms), ms<>>("shutdown_deadline_ms", times,
    "when a shutdown leaves behind what still runs"),
  make<FIELD(ca_file), path>("ca_file", "the path of a PEM file",
    "whom to trust; without it the system's authorities"),
};
// clang-format on

#undef FIELD

const row* find(string_view name) {
  for (const auto& r : rows)
    if (r.what.name == name)
      return &r;
  return nullptr;
}

std::vector<string_view> names() {
  std::vector<string_view> all;
  for (const auto& r : rows)
    all.push_back(r.what.name);
  return all;
}

} // namespace

const std::vector<option_description>& option_descriptions() {
  static const auto all = [] {
    std::vector<option_description> made;
    for (const auto& r : rows)
      made.push_back(r.what);
    return made;
  }();
  return all;
}

expected<void> set_option(runtime_options& options, string_view name,
                          string_view value) {
  const auto* const r = find(name);
  if (!r)
    return fail(errc::invalid_request, "there is no option \"" + shown(name)
                                         + "\"" + did_you_mean(name, names()));
  if (r->set(options, value))
    return {};
  return fail(errc::invalid_request, std::string{name} + ": expected "
                                       + std::string{r->what.expects}
                                       + ", got \"" + shown(value) + "\"");
}

std::string option_text(const runtime_options& options, string_view name) {
  const auto* const r = find(name);
  PENSTOCK_CHECK(r);
  return r->get(options);
}

} // namespace penstock
