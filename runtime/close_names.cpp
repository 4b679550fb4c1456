#include "runtime/close_names.hpp"

#include "providers/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace penstock {

namespace {

/// Longer texts are no mistyped names, and the distance costs n · m.
constexpr std::size_t name_bytes_max = 64;

/// Edits from one to the other: optimal string alignment.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(
    a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

} // namespace

std::string did_you_mean(std::string_view wrong,
                         const std::vector<std::string_view>& names) {
  if (wrong.size() > name_bytes_max)
    return "";
  std::vector<std::pair<std::size_t, std::string_view>> close;
  for (const auto name : names) {
    const auto edits = distance(wrong, name);
    const bool piece =
      wrong.size() >= 4
      && (name.find(wrong) != name.npos || wrong.find(name) != wrong.npos);
    if (edits <= std::max<std::size_t>(1, wrong.size() / 3))
      close.emplace_back(edits, name);
    else if (piece)
      close.emplace_back(name_bytes_max + edits, name);
  }
  std::sort(close.begin(), close.end());
  close.resize(std::min<std::size_t>(close.size(), 3));
  std::string text;
  for (std::size_t i = 0; i < close.size(); ++i)
    text += (i == 0                  ? "; did you mean "
             : i + 1 == close.size() ? " or "
                                     : ", ")
            + std::string{close[i].second};
  return text.empty() ? text : text + "?";
}

std::string shown(std::string_view text) {
  constexpr std::size_t bytes_max = 80;
  const bool cut = text.size() > bytes_max;
  auto clean = clean_utf8(text.substr(0, bytes_max));
  std::replace_if(
    clean.begin(), clean.end(),
    [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return cut ? clean + "…" : clean;
}

} // namespace penstock
