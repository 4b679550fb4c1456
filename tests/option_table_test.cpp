// Goal: every option of the contract can be set by its name, and a mistake is
// answered with what to write instead.
// Method: a table of texts and what the options must be after them; each row
// of the option table is set and read back through one difference.
#define BOOST_TEST_MODULE option_table
#include <boost/test/unit_test.hpp>

#include "runtime/close_names.hpp"
#include "runtime/option_table.hpp"

#include <set>
#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

std::string set(runtime_options& options, std::string_view name,
                std::string_view value) {
  const auto done = set_option(options, name, value);
  if (done)
    return "ok";
  BOOST_TEST((done.error().code == errc::invalid_request));
  return done.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(values_arrive_where_they_belong) {
  runtime_options o;
  BOOST_TEST(set(o, "on_partial", "retract") == "ok");
  BOOST_TEST(set(o, "first_byte_timeout_ms", "500") == "ok");
  BOOST_TEST(set(o, "max_attempts_per_model", "7") == "ok");
  BOOST_TEST(set(o, "fallback_on_config_error", "false") == "ok");
  BOOST_TEST(set(o, "stream_deadline_ms", "9000") == "ok");
  BOOST_TEST(set(o, "passivate_after_ms", "0") == "ok");
  BOOST_TEST(set(o, "breaker_cooldown_ms", "1") == "ok");
  BOOST_TEST(set(o, "thinking_level", "high") == "ok");
  BOOST_TEST(set(o, "cache", "1h") == "ok");
  BOOST_TEST(set(o, "temperature", "0.25") == "ok");
  BOOST_TEST(set(o, "seed", "-3") == "ok");
  BOOST_TEST(set(o, "max_output_tokens", "4096") == "ok");
  BOOST_TEST(set(o, "shutdown_deadline_ms", "77") == "ok");
  BOOST_TEST((o.streams.on_partial == partial_policy::retract));
  BOOST_TEST((o.streams.clocks.first_byte_timeout_ms == 500ms));
  BOOST_TEST(o.streams.restarts.max_attempts_per_model == 7u);
  BOOST_TEST(!o.streams.restarts.fallback_on_config_error);
  BOOST_TEST((o.streams.stream_deadline_ms == 9s));
  BOOST_TEST((o.workspaces.passivate_after_ms == 0ms));
  BOOST_TEST((o.endpoints.breaker_cooldown_ms == 1ms));
  BOOST_TEST((o.starts.thinking_level == thinking_level::high));
  BOOST_TEST((o.starts.cache == cache_ttl::one_hour));
  BOOST_TEST(*o.starts.sampling.temperature == 0.25);
  BOOST_TEST(*o.starts.sampling.seed == -3);
  BOOST_TEST(*o.starts.max_output_tokens == 4096u);
  BOOST_TEST((o.shutdown_deadline_ms == 77ms));
  BOOST_TEST(set(o, "ca_file", "/etc/own ca.pem") == "ok");
  BOOST_TEST(o.ca_file == "/etc/own ca.pem");
  BOOST_TEST(set(o, "ca_file", "").find("PEM") != std::string::npos);
  BOOST_TEST(set(o, "ca_file", {"a\0b", 3}).find("PEM") != std::string::npos);
  BOOST_TEST(o.ca_file == "/etc/own ca.pem");
  BOOST_TEST(set(o, "stream_deadline_ms", "none") == "ok");
  BOOST_TEST(!o.streams.stream_deadline_ms);
}

BOOST_AUTO_TEST_CASE(every_option_takes_a_value_and_refuses_nonsense) {
  std::set<std::string_view> names;
  for (const auto& [name, expects, meaning] : option_descriptions()) {
    BOOST_TEST_INFO(name);
    BOOST_TEST(names.insert(name).second);
    if (name == "ca_file")
      continue; // Any text may be a path.
    runtime_options o;
    bool taken = false;
    for (const auto* value : {"1", "true", "off", "continue", "process"})
      taken = taken || set(o, name, value) == "ok";
    BOOST_TEST(taken);
    for (const auto* value : {"", " 1", "1 ", "1x", "0x1", "nonsense", "1e400",
                              "99999999999999999999", "nan", "TRUE"}) {
      const auto said = set(o, name, value);
      BOOST_TEST(said != "ok");
      BOOST_TEST(said.find(expects) != said.npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_option_is_written_as_it_is_read) {
  for (const auto& each : option_descriptions()) {
    BOOST_TEST_INFO(each.name);
    runtime_options o;
    const auto at_first = option_text(o, each.name);
    if (!at_first.empty())
      BOOST_TEST(set(o, each.name, at_first) == "ok");
    BOOST_TEST(option_text(o, each.name) == at_first);
    for (const std::string value :
         {"9007199254740993", "1023", "0.1", "1", "true", "false", "stop",
          "retract", "power", "minimal", "5m", "1h", "off", "none"})
      if (set_option(o, each.name, value))
        BOOST_TEST(option_text(o, each.name) == value);
  }
}

BOOST_AUTO_TEST_CASE(mistakes_say_what_is_expected) {
  runtime_options o;
  BOOST_TEST(set(o, "on_partial", "restart")
             == "on_partial: expected continue, retract or stop, got "
                "\"restart\"");
  BOOST_TEST(set(o, "backoff_factor", "0")
             == "backoff_factor: expected a count, at least 1, got \"0\"");
  BOOST_TEST(set(o, "kill_deadline_ms", "-1")
             == "kill_deadline_ms: expected milliseconds, got \"-1\"");
  BOOST_TEST(set(o, "first_byte_timeout", "1")
             == "there is no option \"first_byte_timeout\"; did you mean "
                "first_byte_timeout_ms?");
  BOOST_TEST(set(o, "on_patrial", "stop")
             == "there is no option \"on_patrial\"; did you mean on_partial?");
  BOOST_TEST(set(o, "breaker", "1")
             == "there is no option \"breaker\"; did you mean "
                "breaker_failures, breaker_window_ms or "
                "breaker_cooldown_ms?");
  BOOST_TEST(set(o, "xyzzy", "1") == "there is no option \"xyzzy\"");
  BOOST_TEST((o.streams.on_partial == partial_policy::proceed));
}

BOOST_AUTO_TEST_CASE(what_is_shown_is_bounded_and_printable) {
  BOOST_TEST(shown("a\nb\x1b[31m") == "a?b?[31m");
  BOOST_TEST(shown("\xff") == "\xEF\xBF\xBD");
  BOOST_TEST(shown(std::string(1'000'000, 'x')).size() < 100u);
  BOOST_TEST(did_you_mean(std::string(1'000'000, 'x'), {"x"}).empty());
}
