#include "providers/error_classifier_body.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"
#include "providers/json.hpp"

#include <algorithm>

namespace penstock {

namespace {

/// Errors wrapped in errors, as gateways of gateways make them.
constexpr int wrappings_max = 4;

std::string_view trimmed(std::string_view text) {
  return ascii::trimmed(text, " \t\r\n\f\v");
}

// ---- JSON ------------------------------------------------------------------

/// `text` with what is open at its end closed, so that what came before the
/// cut can be read. Cuts back to the last complete member where it must.
std::string closed(std::string_view text) {
  std::string open;      // closing brackets, innermost last
  std::size_t whole = 0; // up to here all values are complete
  bool in_string = false;
  bool string_is_value = false;
  std::size_t escape_end = 0; // of the last escape, if it is whole
  std::size_t escape = 0;
  char before = 0; // the last structural character
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        escape = i++;
        escape_end = escape + (i < text.size() && text[i] == 'u' ? 6 : 2);
      }
      in_string = c != '"';
      continue;
    }
    if (c == '"') {
      in_string = true;
      string_is_value = before == ':' || (!open.empty() && open.back() == ']');
    } else if (c == '{' || c == '[') {
      open += c == '{' ? '}' : ']';
      whole = i + 1;
    } else if ((c == '}' || c == ']') && !open.empty()) {
      open.pop_back();
      whole = i + 1;
    } else if (c == ',') {
      whole = i;
    }
    if (c == ':' || c == ',' || c == '{' || c == '[')
      before = c;
  }
  std::string result;
  if (in_string && string_is_value) {
    if (escape_end > text.size())
      text = text.substr(0, escape);
    result.assign(text).push_back('"');
  } else {
    result.assign(text.substr(0, whole));
  }
  return result.append(open.rbegin(), open.rend());
}

/// A null value if it is no JSON object or array, not even a cut one.
json value_of(std::string_view text) {
  if (text.empty() || (text[0] != '{' && text[0] != '['))
    return nullptr;
  if (auto whole = parse_json(text))
    return std::move(*whole);
  if (auto part = parse_json(closed(text)))
    return std::move(*part);
  return nullptr;
}

void add_code(error_facts& facts, const json& code) {
  // A number, or a text that is one, is an HTTP status or of no use to us.
  if (code.is_string()) {
    const auto text = trimmed(bytes_of(code));
    const bool digits = std::all_of(
      text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits)
      return facts.codes.push_back(text_of(code));
  }
  if (facts.status == 0)
    if (const auto status = count_of(code);
        status && *status >= 400 && *status < 600)
      facts.status = static_cast<int>(*status);
}

/// google.rpc.ErrorInfo and RetryInfo; Anthropic's details are an object.
void read_details(const json& details, error_facts& facts) {
  add_code(facts, member(details, "error_code"));
  if (!details.is_array())
    return;
  for (const auto& detail : details) {
    add_code(facts, member(detail, "reason"));
    if (const auto delay = bytes_of(detail, "retryDelay"); !delay.empty())
      facts.retry_after = duration_from_text(delay);
  }
}

/// FastAPI's list of what is wrong: [{"loc":["body","model"],"msg":"…"}].
std::string list_of_faults(const json& list) {
  std::string text;
  for (const auto& fault : list) {
    auto what = fault.is_string() ? text_of(fault) : text_of(fault, "msg");
    if (what.empty())
      what = text_of(fault, "message");
    if (what.empty())
      continue;
    std::string where;
    if (const auto& loc = member(fault, "loc"); loc.is_array())
      for (const auto& step : loc) {
        where += where.empty() ? "" : ".";
        where += step.is_string() ? text_of(step) : to_text(step);
      }
    text += text.empty() ? "" : "; ";
    text += where.empty() ? what : where + ": " + what;
  }
  return text;
}

void read_value(const json& value, error_facts& facts, int wrappings);

/// An error that another one carries as JSON text. @returns false if it is
/// none.
bool read_wrapped(std::string_view text, error_facts& facts, int wrappings) {
  const auto value = value_of(trimmed(text));
  if (value.is_null() || wrappings == 0)
    return false;
  error_facts inner;
  read_value(value, inner, wrappings - 1);
  if (inner.message.empty())
    return false;
  facts.message = std::move(inner.message);
  facts.codes.insert(facts.codes.end(), inner.codes.begin(), inner.codes.end());
  if (facts.param.empty())
    facts.param = std::move(inner.param);
  if (!facts.retry_after)
    facts.retry_after = inner.retry_after;
  return true;
}

void read_message(const json& message, error_facts& facts, int wrappings) {
  if (!facts.message.empty() || message.is_null())
    return;
  if (message.is_string()) {
    if (!read_wrapped(bytes_of(message), facts, wrappings))
      facts.message = text_of(message);
  } else if (message.is_array()) {
    facts.message = list_of_faults(message);
  } else if (message.is_object() && wrappings > 0) {
    read_value(message, facts, wrappings - 1);
  }
}

/// The members that say what an error is, of an object that is one.
void read_error(const json& error, error_facts& facts, int wrappings) {
  facts.is_error = true;
  const auto& metadata = member(error, "metadata");
  read_details(member(error, "details"), facts);
  add_code(facts, member(metadata, "error_type"));
  for (const char* name :
       {"error_code", "code", "error_type", "type", "status", "__type"})
    add_code(facts, member(error, name));
  add_code(facts, member(member(error, "innererror"), "code"));
  if (facts.param.empty())
    facts.param = text_of(error, "param");
  // Cloudflare's and others', and Codex's: seconds.
  for (const char* name : {"retry_after", "resets_in_seconds"})
    if (const auto& wait = member(error, name);
        !facts.retry_after && (wait.is_number() || wait.is_string()))
      facts.retry_after =
        duration_from_text(wait.is_string() ? text_of(wait) : to_text(wait));
  // OpenRouter's "Provider returned error" says nothing; the raw text does.
  if (bytes_of(error, "message") == "Provider returned error"
      || bytes_of(error, "message").empty())
    read_message(member(metadata, "raw"), facts, wrappings);
  for (const char* name :
       {"message", "Message", "detail", "error_description", "msg", "title"})
    read_message(member(error, name), facts, wrappings);
}

void read_value(const json& value, error_facts& facts, int wrappings) {
  if (value.is_array())
    return read_value(element(value, 0), facts, wrappings);
  if (!value.is_object())
    return;
  // Where the error is, if it is not the value itself.
  const json* inner = nullptr;
  for (const json* place :
       {&member(value, "error"), &member(member(value, "response"), "error"),
        &member(element(member(value, "choices"), 0), "error"),
        &element(member(value, "errors"), 0)})
    if (!inner && (place->is_object() || place->is_string()))
      inner = place;
  const auto type = bytes_of(value, "type");
  const auto& status = member(value, "base_resp");
  if (const auto code = count_of(status, "status_code").value_or(0);
      !inner && code != 0) { // MiniMax; its numbers are no HTTP statuses.
    facts.is_error = true;
    facts.codes.push_back("MiniMax " + std::to_string(code));
    return read_message(member(status, "status_msg"), facts, wrappings);
  }
  if (!inner) {
    // Not if it is an object: that is a chunk of Ollama or Anthropic.
    const bool flat = member(value, "message").is_string()
                      || member(value, "Message").is_string()
                      || value.contains("detail");
    if (flat || type == "error" || type == "response.failed"
        || bytes_of(value, "object") == "error")
      read_error(value, facts, wrappings);
    return;
  }
  if (inner->is_object())
    read_error(*inner, facts, wrappings);
  // What stands beside it: {"code":"…","error":"…"}, {"error":{…},"code":…}.
  read_error(value, facts, wrappings);
  if (!inner->is_string())
    return;
  // {"error":"overloaded"} is a code, {"error":"model not found"} is a text.
  if (bytes_of(*inner).find(' ') == std::string_view::npos)
    add_code(facts, *inner);
  read_message(*inner, facts, wrappings);
}

// ---- text ------------------------------------------------------------------

/// What stands between <tag…> and </tag>, in any case.
std::string_view between(std::string_view text, std::string_view lower,
                         std::string_view tag) {
  const auto open = lower.find("<" + std::string{tag});
  if (open == lower.npos)
    return {};
  const auto begin = lower.find('>', open);
  if (begin == lower.npos)
    return {};
  const auto end = lower.find("</" + std::string{tag}, begin);
  return trimmed(
    text.substr(begin + 1, end == lower.npos ? end : end - begin - 1));
}

std::string text_of_markup(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto tag : {"title", "message", "h1"})
    if (const auto found = between(text, lower, tag);
        !found.empty() && found.find('<') == found.npos)
      return std::string{found};
  return {};
}

/// Whether a person could read it: compressed or encrypted bytes are not.
bool readable(std::string_view text) {
  const auto odd = std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(byte >= '\t' && byte <= '\r')) || byte == 0x7F;
  });
  return static_cast<std::size_t>(odd) * 32 <= text.size();
}

/// The data of the first event that has some, of a body that is framed as an
/// event stream though its status is an error's (Alibaba); else the body.
std::string_view data_of_event(std::string_view text) {
  for (auto rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find_first_of("\r\n"));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    constexpr std::string_view data = "data:";
    if (line.starts_with(data))
      return trimmed(line.substr(data.size()));
    const bool field = line.empty() || line.starts_with(':')
                       || line.starts_with("id:") || line.starts_with("event:")
                       || line.starts_with("retry:");
    if (!field)
      break;
  }
  return text;
}

} // namespace

error_facts read_error_body(std::string_view body) {
  auto text = trimmed(body.substr(0, limits::error_body_bytes_max));
  if (text.starts_with("\xEF\xBB\xBF"))
    text = trimmed(text.substr(3));
  error_facts facts;
  if (text.empty() || !readable(text))
    return facts;
  text = data_of_event(text);
  if (text.empty())
    return facts;
  if (text[0] == '<') {
    facts.message = text_of_markup(text);
    return facts;
  }
  if (text[0] == '{' || text[0] == '[') {
    if (const auto value = value_of(text); !value.is_null()) {
      read_value(value, facts, wrappings_max);
      if (facts.is_error)
        return facts;
    }
  }
  if (text[0] == '"')
    if (const auto value = parse_json(text); value && value->is_string())
      return facts.message = text_of(*value), facts;
  facts.message = text;
  return facts;
}

} // namespace penstock
