// When a provider wants to be asked again: every way in which one says so.
#include "providers/ascii.hpp"
#include "providers/error_classifier.hpp"
#include "providers/error_classifier_body.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <curl/curl.h>

namespace penstock {

namespace {

using std::chrono::milliseconds;
using wall_time = std::chrono::system_clock::time_point;

/// Nothing waits longer; a bound keeps arithmetic on what is returned safe.
constexpr milliseconds delay_max = std::chrono::days{365};

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string_view without_blanks(std::string_view text) {
  return ascii::trimmed(text, " \t");
}

/// Takes "12", "1.5" or ".5" off the begin of `text`. No sign, no exponent, no
/// "inf": what std::from_chars takes is more than what is a number here.
std::optional<double> take_number(std::string_view& text) {
  std::size_t n = 0;
  bool digits = false;
  for (bool point = false; n < text.size(); ++n) {
    if (is_digit(text[n]))
      digits = true;
    else if (text[n] == '.' && !point)
      point = true;
    else
      break;
  }
  if (!digits)
    return std::nullopt;
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + n, value,
                                         std::chars_format::fixed);
  // Out of range is larger than any delay, or smaller than one.
  if (ec == std::errc::result_out_of_range)
    value = text[0] == '0' || text[0] == '.' ? 0 : HUGE_VAL;
  else if (ec != std::errc{})
    return std::nullopt;
  text.remove_prefix(n);
  return value;
}

milliseconds bounded(double ms) {
  // Rounded up: a moment too early is another refusal.
  const double whole = std::ceil(ms - 1e-6);
  if (!(whole < static_cast<double>(delay_max.count())))
    return delay_max;
  return milliseconds{
    std::max<std::int64_t>(0, static_cast<std::int64_t>(whole))};
}

struct unit {
  std::string_view name;
  double ms;
};
/// Longer names first, so that "ms" is not "m".
constexpr unit units[] = {
  {"ms", 1},    {"us", 1e-3}, {"\xC2\xB5s", 1e-3}, {"ns", 1e-6},
  {"d", 864e5}, {"h", 36e5},  {"m", 6e4},          {"s", 1e3},
};
/// How the words of sentences begin.
constexpr unit words[] = {
  {"milli", 1}, {"sec", 1e3}, {"min", 6e4}, {"hour", 36e5}, {"day", 864e5}};

/// Takes the letters off that `text` begins with: "ms", "s" or "seconds".
/// @returns milliseconds, if they are a unit.
std::optional<double> take_unit(std::string_view& text) {
  const auto letters =
    text.substr(0, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
  text.remove_prefix(letters.size());
  for (const auto& [name, ms] : units)
    if (letters == name)
      return ms;
  for (const auto& [name, ms] : words)
    if (letters.starts_with(name))
      return ms;
  return std::nullopt;
}

std::optional<milliseconds> until(wall_time when, wall_time now) {
  return bounded(std::chrono::duration<double, std::milli>(when - now).count());
}

/// The years of dates that mean something; a clock of ours overflows in 2262.
constexpr int first_year = 1970, last_year = 2200;

/// A date of any of the three formats of RFC 9110, 5.6.7.
std::optional<wall_time> http_date(std::string_view text) {
  // libcurl takes all of them, and much more: a date has at least letters.
  if (text.empty() || text.size() > 64 || is_digit(text[0]) || text[0] == '-')
    return std::nullopt;
  const std::time_t seconds = curl_getdate(std::string{text}.c_str(), nullptr);
  constexpr std::chrono::sys_seconds end{
    std::chrono::sys_days{std::chrono::year{last_year + 1} / 1 / 1}};
  if (seconds < 0 || seconds >= end.time_since_epoch().count())
    return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

/// Reads exactly `digits` digits at `at`, and moves it.
std::optional<int> digits_at(std::string_view text, std::size_t& at,
                             std::size_t digits) {
  if (text.size() < at + digits)
    return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (!is_digit(c))
      return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

/// "2026-07-02T10:20:30.5Z", "…+02:00" (RFC 3339).
std::optional<wall_time> rfc3339(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  std::array<int, 6> field{};
  constexpr std::size_t width[] = {4, 2, 2, 2, 2, 2};
  constexpr std::string_view after[] = {"-", "-", "Tt ", ":", ":", ""};
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto value = digits_at(text, at, width[i]);
    if (!value)
      return std::nullopt;
    field[i] = *value;
    if (after[i].empty())
      break;
    if (at >= text.size() || after[i].find(text[at]) == after[i].npos)
      return std::nullopt;
    ++at;
  }
  const auto [y, mo, d, h, mi, s] = field;
  const year_month_day date{year{y}, month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 60)
    return std::nullopt;
  auto rest = text.substr(at);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    if (rest.empty() || !is_digit(rest[0]))
      return std::nullopt;
    // Below a second it is not worth the digits.
    rest.remove_prefix(
      std::min(rest.find_first_not_of("0123456789"), rest.size()));
    ++field[5];
  }
  minutes offset{0};
  if (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-')
      && rest[3] == ':') {
    std::size_t place = 1;
    const auto hours_east = digits_at(rest, place, 2);
    place = 4;
    const auto minutes_east = digits_at(rest, place, 2);
    if (!hours_east || !minutes_east)
      return std::nullopt;
    offset = minutes{*hours_east * 60 + *minutes_east};
    if (rest[0] == '-')
      offset = -offset;
  } else if (rest != "Z" && rest != "z") {
    return std::nullopt;
  }
  if (y < first_year || y > last_year)
    return std::nullopt;
  return sys_days{date} + hours{h} + minutes{mi} + seconds{field[5]} - offset;
}

/// Whether the limit beside a reset is used up. Without a count it is: a
/// provider that sends a reset alone means it.
bool exhausted(const std::string* remaining) {
  if (!remaining)
    return true;
  auto text = without_blanks(*remaining);
  const auto count = take_number(text);
  return count && *count <= 0;
}

std::optional<milliseconds> reset_delay(std::string_view name,
                                        std::string_view value, wall_time now) {
  if (name.starts_with("anthropic-")) {
    const auto when = rfc3339(value);
    return when ? until(*when, now) : std::nullopt;
  }
  return duration_from_text(value);
}

} // namespace

std::optional<milliseconds> duration_from_text(std::string_view text) {
  text = without_blanks(text);
  if (text.empty())
    return std::nullopt;
  double ms = 0;
  for (bool first = true; !text.empty(); first = false) {
    const auto number = take_number(text);
    if (!number)
      return std::nullopt;
    if (text.empty() && first)
      return bounded(*number * 1e3);
    const auto* u = std::find_if(
      std::begin(units), std::end(units),
      [&](const auto& candidate) { return text.starts_with(candidate.name); });
    if (u == std::end(units))
      return std::nullopt;
    text.remove_prefix(u->name.size());
    ms += *number * u->ms;
  }
  return bounded(ms);
}

std::optional<milliseconds> delay_in_message(std::string_view text) {
  constexpr std::string_view phrases[] = {"try again in ", "retry in ",
                                          "retry after "};
  const auto phrase =
    std::find_if(std::begin(phrases), std::end(phrases),
                 [&](auto one) { return text.find(one) != text.npos; });
  if (phrase == std::end(phrases))
    return std::nullopt;
  text.remove_prefix(text.find(*phrase) + phrase->size());
  std::optional<double> ms;
  for (;;) { // Until no number follows, or no unit follows it.
    text = without_blanks(text);
    const auto number = take_number(text);
    text = without_blanks(text);
    const auto unit = take_unit(text);
    if (!number || !unit)
      return ms ? std::optional{bounded(*ms)} : std::nullopt;
    ms = ms.value_or(0) + *number * *unit;
  }
}

std::optional<milliseconds> retry_after(const header_list& headers,
                                        wall_time now) {
  if (const auto* value = find_header(headers, "retry-after-ms")) {
    auto text = without_blanks(*value);
    if (const auto ms = take_number(text); ms && text.empty())
      return bounded(*ms);
  }
  if (const auto* value = find_header(headers, "retry-after")) {
    const auto whole = without_blanks(*value);
    auto text = whole;
    if (const auto seconds = take_number(text); seconds && text.empty())
      return bounded(*seconds * 1e3);
    if (const auto when = http_date(whole))
      return until(*when, now);
  }
  std::optional<milliseconds> latest;
  for (const auto& [name, value] : headers) {
    constexpr std::string_view claude = "anthropic-ratelimit-";
    constexpr std::string_view reset = "-reset";
    std::string remaining;
    if (name.starts_with(claude) && name.ends_with(reset))
      remaining = name.substr(0, name.size() - reset.size()) + "-remaining";
    else if (name == "x-ratelimit-reset-requests")
      remaining = "x-ratelimit-remaining-requests";
    else if (name == "x-ratelimit-reset-tokens")
      remaining = "x-ratelimit-remaining-tokens";
    else
      continue;
    if (!exhausted(find_header(headers, remaining)))
      continue;
    if (const auto delay = reset_delay(name, without_blanks(value), now))
      latest = std::max(latest.value_or(milliseconds{0}), *delay);
  }
  return latest;
}

} // namespace penstock
