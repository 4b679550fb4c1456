#include "runtime/option_table.hpp"

#include "messages/check.hpp"
#include "runtime/close_names.hpp"
#include "runtime/option_check.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace penstock {

namespace {

using std::optional, std::string_view, std::uint32_t, std::uint64_t;

/// Sets one option. @returns whether `text` is a value for it.
using setter = bool (*)(runtime_options&, string_view text);

struct row {
  string_view name;
  string_view expects;
  setter set;
};

// ---- from text -------------------------------------------------------------

template <class Number>
optional<Number> number_in(string_view text, Number least, Number most) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || at != end || !(value >= least && value <= most))
    return std::nullopt;
  return value;
}

constexpr std::int64_t ms_max = time_ms_max.count();
constexpr auto count_max = std::numeric_limits<uint32_t>::max();

template <auto Field, std::int64_t Least = 0>
bool set_ms(runtime_options& o, string_view text) {
  const auto value = number_in<std::int64_t>(text, Least, ms_max);
  if (value)
    Field(o) = milliseconds{*value};
  return value.has_value();
}

template <auto Field>
bool set_ms_or_none(runtime_options& o, string_view text) {
  if (text == "none") {
    Field(o) = std::nullopt;
    return true;
  }
  const auto value = number_in<std::int64_t>(text, 1, ms_max);
  if (value)
    Field(o) = milliseconds{*value};
  return value.has_value();
}

template <auto Field, uint32_t Least = 0, uint32_t Most = count_max>
bool set_count(runtime_options& o, string_view text) {
  const auto value = number_in<uint32_t>(text, Least, Most);
  if (value)
    Field(o) = *value;
  return value.has_value();
}

template <auto Field>
bool set_flag(runtime_options& o, string_view text) {
  if (text != "true" && text != "false")
    return false;
  Field(o) = text == "true";
  return true;
}

template <auto Field, class Number>
bool set_number(runtime_options& o, string_view text, Number least,
                Number most) {
  const auto value = number_in<Number>(text, least, most);
  if (value)
    Field(o) = *value;
  return value.has_value();
}

template <class Value, std::size_t Size>
optional<Value> one_of(const std::pair<string_view, Value> (&names)[Size],
                       string_view text) {
  for (const auto& [name, value] : names)
    if (name == text)
      return value;
  return std::nullopt;
}

// ---- values with names -----------------------------------------------------

bool set_on_partial(runtime_options& o, string_view text) {
  constexpr std::pair<string_view, partial_policy> names[] = {
    {"continue", partial_policy::proceed},
    {"retract", partial_policy::retract},
    {"stop", partial_policy::stop}};
  const auto value = one_of(names, text);
  if (value)
    o.streams.on_partial = *value;
  return value.has_value();
}

bool set_thinking_level(runtime_options& o, string_view text) {
  using level = thinking_level;
  constexpr std::pair<string_view, level> names[] = {
    {"off", level::off},   {"minimal", level::minimal},
    {"low", level::low},   {"medium", level::medium},
    {"high", level::high}, {"max", level::max}};
  const auto value = one_of(names, text);
  if (value)
    o.starts.thinking_level = *value;
  return value.has_value();
}

bool set_durability(runtime_options& o, string_view text) {
  constexpr std::pair<string_view, store_durability> names[] = {
    {"process", store_durability::process}, {"power", store_durability::power}};
  const auto value = one_of(names, text);
  if (value)
    o.durability = *value;
  return value.has_value();
}

bool set_cache(runtime_options& o, string_view text) {
  constexpr std::pair<string_view, cache_ttl> names[] = {
    {"off", cache_ttl::off},
    {"5m", cache_ttl::five_minutes},
    {"1h", cache_ttl::one_hour}};
  const auto value = one_of(names, text);
  if (value)
    o.starts.cache = *value;
  return value.has_value();
}

// ---- the table -------------------------------------------------------------

// `FIELD(streams.max_steps)` is a function from the options to that member.
#define FIELD(path)                                                            \
  [](runtime_options & all) -> auto& {                                         \
    return all.path;                                                           \
  }

template <auto Field>
bool set_temperature(runtime_options& o, string_view text) {
  return set_number<Field, double>(o, text, 0, 100);
}
template <auto Field>
bool set_share(runtime_options& o, string_view text) {
  return set_number<Field, double>(o, text, 0, 1);
}
template <auto Field>
bool set_penalty(runtime_options& o, string_view text) {
  return set_number<Field, double>(o, text, -100, 100);
}
bool set_top_k(runtime_options& o, string_view text) {
  return set_number<FIELD(starts.sampling.top_k), uint32_t>(o, text, 1,
                                                            count_max);
}
bool set_seed(runtime_options& o, string_view text) {
  using limits = std::numeric_limits<std::int64_t>;
  return set_number<FIELD(starts.sampling.seed), std::int64_t>(
    o, text, limits::min(), limits::max());
}
bool set_ca_file(runtime_options& o, string_view text) {
  if (text.empty() || text.find('\0') != text.npos)
    return false;
  o.ca_file = text;
  return true;
}
bool set_max_output_tokens(runtime_options& o, string_view text) {
  return set_number<FIELD(starts.max_output_tokens), uint64_t>(
    o, text, 1, std::numeric_limits<std::int64_t>::max());
}

constexpr string_view ms = "milliseconds", ms_off = "milliseconds (0: off)",
                      ms_1 = "milliseconds, at least 1", count = "a count",
                      count_1 = "a count, at least 1", flag = "true or false";

// clang-format off
constexpr row rows[] = {
  {"connect_timeout_ms", ms_off, set_ms<FIELD(streams.clocks.connect_timeout_ms)>},
  {"first_byte_timeout_ms", ms_off, set_ms<FIELD(streams.clocks.first_byte_timeout_ms)>},
  {"first_token_timeout_ms", ms_off, set_ms<FIELD(streams.clocks.first_token_timeout_ms)>},
  {"liveness_timeout_ms", ms_off, set_ms<FIELD(streams.clocks.liveness_timeout_ms)>},
  {"progress_timeout_ms", ms_off, set_ms<FIELD(streams.clocks.progress_timeout_ms)>},

  {"max_attempts_per_model", count_1, set_count<FIELD(streams.restarts.max_attempts_per_model), 1>},
  {"max_truncated_attempts_per_model", count_1, set_count<FIELD(streams.restarts.max_truncated_attempts_per_model), 1>},
  {"empty_retries_max", count, set_count<FIELD(streams.restarts.empty_retries_max)>},
  {"backoff_base_ms", ms, set_ms<FIELD(streams.restarts.backoff_base_ms)>},
  {"backoff_factor", count_1, set_count<FIELD(streams.restarts.backoff_factor), 1>},
  {"backoff_cap_ms", ms, set_ms<FIELD(streams.restarts.backoff_cap_ms)>},
  {"max_retry_after_ms", ms, set_ms<FIELD(streams.restarts.max_retry_after_ms)>},
  {"max_restarts", count, set_count<FIELD(streams.restarts.max_restarts)>},
  {"restart_window_ms", ms_1, set_ms<FIELD(streams.restarts.restart_window_ms), 1>},
  {"fallback_on_config_error", flag, set_flag<FIELD(streams.restarts.fallback_on_config_error)>},

  {"on_partial", "continue, retract or stop", set_on_partial},
  {"trim_repeated_text", flag, set_flag<FIELD(streams.trim_repeated_text)>},
  {"stream_deadline_ms", "milliseconds, at least 1, or none", set_ms_or_none<FIELD(streams.stream_deadline_ms)>},
  {"hedge_after_ms", ms_off, set_ms<FIELD(streams.hedge_after_ms)>},
  {"soft_stop_wait_ms", ms, set_ms<FIELD(streams.soft_stop_wait_ms)>},
  {"kill_deadline_ms", ms, set_ms<FIELD(streams.kill_deadline_ms)>},
  {"partial_flush_interval_ms", ms, set_ms<FIELD(streams.partial_flush_interval_ms)>},
  {"max_steps", count_1, set_count<FIELD(streams.max_steps), 1>},

  {"passivate_after_ms", ms, set_ms<FIELD(workspaces.passivate_after_ms)>},
  {"durability", "process or power", set_durability},
  {"store_deadline_ms", ms_1, set_ms<FIELD(workspaces.store_deadline_ms), 1>},

  {"max_concurrent_attempts", "a count (0: no limit)", set_count<FIELD(endpoints.max_concurrent_attempts)>},
  {"breaker_failures", count_1, set_count<FIELD(endpoints.breaker_failures), 1>},
  {"breaker_window_ms", ms_1, set_ms<FIELD(endpoints.breaker_window_ms), 1>},
  {"breaker_cooldown_ms", ms, set_ms<FIELD(endpoints.breaker_cooldown_ms)>},

  {"max_output_tokens", count_1, set_max_output_tokens},
  {"temperature", "a number from 0 to 100", set_temperature<FIELD(starts.sampling.temperature)>},
  {"top_p", "a number from 0 to 1", set_share<FIELD(starts.sampling.top_p)>},
  {"top_k", count_1, set_top_k},
  {"presence_penalty", "a number from -100 to 100", set_penalty<FIELD(starts.sampling.presence_penalty)>},
  {"frequency_penalty", "a number from -100 to 100", set_penalty<FIELD(starts.sampling.frequency_penalty)>},
  {"seed", "a whole number", set_seed},
  {"thinking_level", "off, minimal, low, medium, high or max", set_thinking_level},
  {"cache", "off, 5m or 1h", set_cache},

  {"threads", "a count from 1 to 1024 (0: one per core)", set_count<FIELD(threads), 0, 1'024>},
  {"tool_threads", "a count from 1 to 1024", set_count<FIELD(tool_threads), 1, 1'024>},
  {"callback_threads", "a count from 1 to 1024", set_count<FIELD(callback_threads), 1, 1'024>},
  {"shutdown_deadline_ms", ms, set_ms<FIELD(shutdown_deadline_ms)>},

  {"ca_file", "the path of a PEM file", set_ca_file},
};
// clang-format on

#undef FIELD

std::vector<string_view> names() {
  std::vector<string_view> all;
  for (const auto& r : rows)
    all.push_back(r.name);
  return all;
}

} // namespace

const std::vector<option_description>& option_descriptions() {
  static const auto all = [] {
    std::vector<option_description> made;
    for (const auto& r : rows)
      made.push_back({r.name, r.expects});
    return made;
  }();
  return all;
}

expected<void> set_option(runtime_options& options, string_view name,
                          string_view value) {
  for (const auto& r : rows)
    if (r.name == name) {
      if (r.set(options, value))
        return {};
      return fail(errc::invalid_request, std::string{name} + ": expected "
                                           + std::string{r.expects} + ", got \""
                                           + shown(value) + "\"");
    }
  return fail(errc::invalid_request, "there is no option \"" + shown(name)
                                       + "\"" + did_you_mean(name, names()));
}

} // namespace penstock
