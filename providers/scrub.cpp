#include "providers/scrub.hpp"

#include "providers/ascii.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <vector>

namespace penstock {

namespace {

constexpr bool is_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9');
}

/// What keys are made of. '*' because providers mask the middle of a key and
/// show both ends.
constexpr bool is_token(char c) noexcept {
  return is_alnum(c)
         || std::string_view{"-_.*~+/="}.find(c) != std::string_view::npos;
}

using ascii::lower;

bool starts_with_any_case(std::string_view text, std::string_view word) {
  return text.size() >= word.size()
         && std::equal(word.begin(), word.end(), text.begin(),
                       [](char w, char t) { return w == lower(t); });
}

/// Length of the token that `text` begins with; a full stop at its end belongs
/// to the sentence, not to the key.
std::size_t token_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_token(text[n]))
    ++n;
  while (n > 0 && text[n - 1] == '.')
    --n;
  return n;
}

struct key_prefix {
  std::string_view text;
  std::size_t rest_bytes_min; ///< Below it, it is a word ("sk-SK").
};

// How the keys of providers and clouds begin.
constexpr key_prefix key_prefixes[] = {
  {"sk-", 4},        {"sk_", 8},         {"pk-", 12},  {"rk-", 12},
  {"gsk_", 4},       {"AIza", 8},        {"xai-", 8},  {"pplx-", 8},
  {"csk-", 8},       {"hf_", 8},         {"r8_", 8},   {"fw_", 8},
  {"tgp_v1_", 4},    {"nvapi-", 8},      {"ya29.", 8}, {"ghp_", 8},
  {"gho_", 8},       {"github_pat_", 8}, {"AKIA", 12}, {"ASIA", 12},
  {"eyJhbGciOi", 8}, {"sess-", 12},      {"key-", 16}, {"AQ.", 16},
};

/// Names whose value is a secret when ':' or '=' follows.
constexpr std::string_view secret_names[] = {
  "proxy-authorization",
  "authorization",
  "x-goog-api-key",
  "x-api-key",
  "api-key",
  "api_key",
  "apikey",
  "access_token",
  "client_secret",
  "secret_key",
  "password",
  "key",
};

/// Sentences in which a rejected key is quoted.
constexpr std::string_view quoting_phrases[] = {
  "api key provided: ",
  "api key: ",
};

/// Words after "Bearer" that speak of the scheme.
constexpr std::string_view scheme_words[] = {
  "token",  "tokens", "auth",   "authentication", "authorization",
  "scheme", "header", "format", "credentials",    "error",
  "realm",  "is",     "was",    "must",           "required",
  "or",     "and",    "in",     "prefix",         "not",
};

bool is_scheme_word(std::string_view word) {
  return std::any_of(
    std::begin(scheme_words), std::end(scheme_words), [&](auto w) {
      return w.size() == word.size() && starts_with_any_case(word, w);
    });
}

std::size_t spaces(std::string_view text) {
  return std::min(text.find_first_not_of(" \t"), text.size());
}

/// Bytes of a bearer token that `text` begins with ("Bearer" included), and in
/// `kept` how many of them stay. 0 if there is none.
std::size_t bearer(std::string_view text, std::size_t& kept) {
  constexpr std::string_view word = "bearer";
  if (!starts_with_any_case(text, word))
    return 0;
  const std::size_t gap = spaces(text.substr(word.size()));
  if (gap == 0)
    return 0;
  kept = word.size() + gap;
  const std::size_t n = token_length(text.substr(kept));
  if (n < 4 || is_scheme_word(text.substr(kept, n)))
    return 0;
  return kept + n;
}

/// The same for `name: value`, `"name":"value"` and `name=value`.
std::size_t named_value(std::string_view text, std::size_t& kept) {
  for (const auto name : secret_names) {
    if (!starts_with_any_case(text, name))
      continue;
    std::size_t at = name.size();
    at += at < text.size() && (text[at] == '"' || text[at] == '\'');
    at += spaces(text.substr(at));
    if (at >= text.size() || (text[at] != ':' && text[at] != '='))
      continue;
    // "key: value" is prose more often than not.
    if (name == "key" && text[at] == ':')
      continue;
    ++at;
    at += spaces(text.substr(at));
    at += at < text.size() && (text[at] == '"' || text[at] == '\'');
    std::size_t inner = 0;
    if (const std::size_t n = bearer(text.substr(at), inner); n > 0) {
      kept = at + inner;
      return at + n;
    }
    // "authorization: Basic dXNlcjpwYXNz": the word is not the secret.
    for (const auto scheme : {"basic ", "token "})
      if (starts_with_any_case(text.substr(at), scheme))
        at += 6;
    if (const std::size_t n = token_length(text.substr(at)); n > 0) {
      kept = at;
      return at + n;
    }
  }
  return 0;
}

std::size_t quoted_key(std::string_view text, std::size_t& kept) {
  for (const auto phrase : quoting_phrases)
    if (starts_with_any_case(text, phrase)) {
      kept = phrase.size();
      kept += kept < text.size()
              && std::string_view{"'\"`"}.find(text[kept]) != text.npos;
      // "api key: invalid" is prose.
      const std::size_t n = token_length(text.substr(kept));
      const auto word = text.substr(kept, n);
      const bool prose = std::all_of(
        word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
      return prose ? 0 : kept + n;
    }
  return 0;
}

std::size_t prefixed_key(std::string_view text) {
  for (const auto& prefix : key_prefixes)
    if (text.starts_with(prefix.text)) {
      const std::size_t n = token_length(text);
      if (n >= prefix.text.size() + prefix.rest_bytes_min)
        return n;
    }
  return 0;
}

/// Bytes of the secret-bearing text at `at`; 0 if there is none.
std::size_t secret_at(std::string_view text, std::size_t at,
                      std::size_t& kept) {
  // A prefix or a name counts only where a word begins. A word may be part of
  // a longer name ("openai_api_key"), hence '_' and '-' do not join.
  if (at > 0 && is_alnum(text[at - 1]))
    return 0;
  const auto rest = text.substr(at);
  kept = 0;
  if (const auto n = prefixed_key(rest))
    return n;
  if (const auto n = named_value(rest, kept))
    return n;
  if (const auto n = bearer(rest, kept))
    return n;
  return quoted_key(rest, kept);
}

void replace_all(std::string& text, std::string_view what) {
  std::size_t at = 0;
  while ((at = text.find(what, at)) != std::string::npos) {
    text.replace(at, what.size(), scrubbed);
    at += scrubbed.size();
  }
}

/// Invisible characters that can hide or reorder what a person reads: C1,
/// zero width, line separators, direction marks, and the byte order mark.
bool is_invisible(std::string_view character) {
  if (character.size() == 2)
    return character >= "\xC2\x80" && character <= "\xC2\x9F";
  if (character.size() != 3)
    return false;
  return (character >= "\xE2\x80\x8B" && character <= "\xE2\x80\x8F")
         || (character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE")
         || (character >= "\xE2\x81\xA0" && character <= "\xE2\x81\xAF")
         || character == "\xEF\xBB\xBF";
}

} // namespace

std::string scrub(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t kept = 0;
    if (const auto n = secret_at(text, at, kept)) {
      clean.append(text.substr(at, kept)).append(scrubbed);
      at += n;
    } else {
      clean += text[at++];
    }
  }
  return clean;
}

std::string scrub(std::string_view text, std::span<const secret> known) {
  // The known ones first and the longest of them first: one may be the
  // beginning of another, and a pattern may match only a part of one.
  std::vector<std::string_view> values;
  for (const auto& s : known)
    if (s.reveal().size() >= 4)
      values.push_back(s.reveal());
  std::sort(values.begin(), values.end(),
            [](auto a, auto b) { return a.size() > b.size(); });
  std::string clean{text};
  for (const auto value : values)
    replace_all(clean, value);
  return scrub(clean);
}

bool looks_like_key(std::string_view word) {
  constexpr std::size_t mixed_bytes_min = 16;
  std::size_t letters = 0, digits = 0;
  for (const char c : word) {
    if (!is_alnum(c))
      letters = digits = 0;
    else if (c >= '0' && c <= '9')
      ++digits;
    else
      ++letters;
    if (letters + digits >= mixed_bytes_min && letters > 0 && digits > 1)
      return true;
  }
  return scrub(word) != word;
}

std::string one_line(std::string_view text, std::size_t bytes_max) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  constexpr std::string_view ellipsis = "\xE2\x80\xA6";
  std::string line;
  bool gap = false;
  // Where to cut so that the ellipsis still fits.
  std::size_t cut = 0;
  while (!text.empty()) {
    const auto [what, bytes] = first_of(text);
    auto character = text.substr(0, bytes);
    text.remove_prefix(bytes);
    const auto first = static_cast<unsigned char>(character[0]);
    if (first == ' ' || (first >= '\t' && first <= '\r')) {
      gap = !line.empty();
      continue;
    }
    if (first < 0x20 || first == 0x7F || is_invisible(character))
      continue;
    if (what != utf8_prefix::kind::valid)
      character = replacement;
    if (line.size() + gap + character.size() > bytes_max) {
      line.resize(cut);
      if (bytes_max >= ellipsis.size())
        line += ellipsis;
      return line;
    }
    if (gap)
      line += ' ';
    gap = false;
    line += character;
    if (line.size() + ellipsis.size() <= bytes_max)
      cut = line.size();
  }
  return line;
}

} // namespace penstock
