#include "actors/provider_response.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"
#include "messages/limits.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"
#include "providers/json.hpp"

#include <algorithm>
#include <exception>

namespace penstock {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// "application/json; charset=utf-8" to "application/json".
std::string media_type(const header_list& headers) {
  const auto* value = find_header(headers, "content-type");
  if (!value)
    return {};
  auto type = value->substr(0, value->find(';'));
  while (!type.empty() && is_blank(type.back()))
    type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

// Of the APIs only Ollama's has no event stream: JSON values, one a line.
bool sends_events(std::string_view api) {
  return api != "ollama";
}

// Whether an event stream may begin so. Anything else is legal in one, but no
// server sends it.
bool may_begin_events(std::string_view bytes) {
  for (const std::string_view field : {":", "data", "event", "id", "retry"}) {
    const auto seen = std::min(field.size(), bytes.size());
    if (field.substr(0, seen) == bytes.substr(0, seen))
      return true;
  }
  return false;
}

std::string what_came(const header_list& headers) {
  const auto type = media_type(headers);
  return type.empty() ? "a body without content type" : type;
}

} // namespace

provider_response::provider_response(std::string_view api,
                                     std::unique_ptr<response_decoder> decoder)
  : decoder_(std::move(decoder)), api_(api) {
  PENSTOCK_CHECK(decoder_ != nullptr);
}

void provider_response::head(http_response_head head, wall_time now) {
  if (mode_ != mode::waiting)
    return;
  head_ = std::move(head);
  now_ = now;
  const auto status = head_.status;
  if (status >= 300 && status < 400)
    return fail({errc::protocol,
                 "status " + std::to_string(status)
                   + ": redirects are not followed; check the base URL",
                 status,
                 {},
                 {}});
  if (status < 200 || status >= 300) {
    mode_ = mode::explaining;
    return;
  }
  if (media_type(head_.headers) == "text/html")
    return fail({errc::protocol,
                 "expected a stream, got text/html; check the base URL",
                 status,
                 {},
                 {}});
  // Nothing else of it is looked at again, as long as the stream may last.
  std::erase_if(head_.headers,
                [](const header& h) { return h.first != "content-type"; });
  head_.headers.shrink_to_fit();
  mode_ = mode::sniffing;
}

bool provider_response::body(std::string_view bytes, part_batch& out) {
  footprint::note(footprint::place::response, this, &summary_.usage);
  if (mode_ == mode::sniffing)
    sniff(bytes);
  switch (mode_) {
  case mode::streaming:
    return decode(bytes, out);
  case mode::explaining:
  case mode::documented:
    collected_.append(
      bytes.substr(0, limits::error_body_bytes_max - collected_.size()));
    if (collected_.size() < limits::error_body_bytes_max)
      return false;
    if (mode_ == mode::explaining)
      explain();
    else
      judge_document();
    return false;
  case mode::waiting:
  case mode::sniffing:
  case mode::ignoring:
    return false;
  }
  return false;
}

// Servers, and proxies more so, get the content type wrong; the first byte of
// a body does not lie. The decoder of line-wise JSON needs no such care.
void provider_response::sniff(std::string_view bytes) {
  if (!sends_events(api_)) {
    mode_ = mode::streaming;
    return;
  }
  if (bytes.starts_with("\xEF\xBB\xBF"))
    bytes.remove_prefix(3);
  const auto first =
    std::find_if_not(bytes.begin(), bytes.end(), is_blank) - bytes.begin();
  bytes.remove_prefix(static_cast<std::size_t>(first));
  if (bytes.empty())
    return; // only white space so far, which the decoder need not see
  if (bytes.front() == '{' || bytes.front() == '[') {
    mode_ = mode::documented;
    return;
  }
  like_a_stream_ = may_begin_events(bytes);
  mode_ = mode::streaming;
}

bool provider_response::decode(std::string_view bytes, part_batch& out) {
  const auto from = out.size();
  try {
    decoder_->push(bytes, out);
  } catch (const std::exception& e) {
    fail({errc::internal, std::string{"the decoder failed: "} + e.what()});
  } catch (...) {
    fail({errc::internal, "the decoder failed"});
  }
  return absorb(out, from);
}

void provider_response::flush(part_batch& out) {
  const auto from = out.size();
  try {
    decoder_->end(out);
  } catch (const std::exception& e) {
    fail({errc::internal, std::string{"the decoder failed: "} + e.what()});
  } catch (...) {
    fail({errc::internal, "the decoder failed"});
  }
  absorb(out, from);
}

void provider_response::end(const error& why, part_batch& out) {
  const bool clean = why.code == errc::none;
  auto transport = why;
  if (transport.code == errc::aborted) // by whom, it was not us
    transport.code = errc::network;
  switch (mode_) {
  case mode::waiting:
    return fail(
      clean ? error{errc::network, "the connection ended without an answer"}
            : transport);
  case mode::explaining:
    return explain(); // the head said enough, were the body cut
  case mode::documented:
    return clean ? judge_document() : fail(transport);
  case mode::sniffing:
    return clean ? void() : fail(transport);
  case mode::streaming:
    flush(out);
    if (settled() || finished())
      return; // all that was to be said had been said
    if (!clean)
      return fail(transport);
    if (!like_a_stream_ && !summary_.any)
      fail({errc::protocol,
            "expected a stream, got " + what_came(head_.headers)
              + " that is none" + std::string{decoding::check_endpoint},
            head_.status,
            {},
            {}});
    return;
  case mode::ignoring:
    return;
  }
}

void provider_response::conclude(part_batch& out) {
  PENSTOCK_CHECK(finished());
  flush(out);
}

void provider_response::give_up(error why) {
  if (explaining())
    explain();
  else if (!finished())
    fail(std::move(why));
}

bool provider_response::finished() const {
  return !settled() && decoder_->finished();
}

provider_response::summary provider_response::result() const {
  auto result = summary_;
  if (has_usage_)
    result.usage.known =
      finished() ? token_usage::quality::exact : token_usage::quality::partial;
  return result;
}

// Takes notes of what a decoder added, up to a failure: nothing of the attempt
// counts after it.
bool provider_response::absorb(part_batch& out, std::size_t from) {
  auto& parts = out.parts();
  bool token = false;
  for (auto i = from; i < parts.size(); ++i) {
    if (const auto* failed = std::get_if<part::failed>(&parts[i])) {
      fail(failed->why);
      parts.resize(i, part::usage{});
      break;
    }
    note(parts[i]);
    token = token || is_token(parts[i]);
  }
  return token;
}

namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

} // namespace

void provider_response::note(const stream_part& p) {
  auto& s = summary_;
  s.any = true;
  s.any_part = s.any_part || shows_output(p);
  std::visit(
    overloaded{
      [&](const part::refusal&) { s.refusal = true; },
      [&](const part::tool_start& start) {
        calls_.push_back({start.key, !start.provider_executed});
      },
      [&](const part::tool_complete& call) { note_complete(call.key); },
      [&](const part::tool_result& result) { note_complete(result.key); },
      [&](const part::usage& usage) {
        s.usage = usage.tokens;
        has_usage_ = true;
      },
      [&](const part::finished& finished) {
        s.finished = finished.why;
        s.explanation = finished.explanation;
      },
      [](const auto&) {},
    },
    p);
}

// A call behind one that was cut is withdrawn with it: what counts is whether a
// call of ours stands before the first that is not complete.
void provider_response::note_complete(part_key key) {
  const auto open = calls_.begin() + static_cast<std::ptrdiff_t>(complete_);
  const auto it = std::find_if(
    open, calls_.end(), [&](const noted_call& c) { return c.key == key; });
  if (it != calls_.end())
    it->complete = true;
  for (; complete_ < calls_.size() && calls_[complete_].complete; ++complete_)
    summary_.complete_calls |= calls_[complete_].ours;
}

// One JSON value where a stream was expected: an error object, perhaps in an
// array (Gemini), or an answer that was not streamed.
void provider_response::judge_document() {
  const auto value = parse_json(collected_);
  const auto& object = value && value->is_array() ? element(*value, 0)
                       : value                    ? *value
                                                  : element({}, 0);
  if (!member(object, "error").is_null()
      || bytes_of(object, "type") == "error") {
    auto why = classify_in_stream(api_, to_text(object));
    why.provider_status = head_.status;
    return fail(std::move(why));
  }
  fail({errc::protocol,
        "expected a stream, got " + what_came(head_.headers)
          + " with one JSON document" + std::string{decoding::check_endpoint},
        head_.status,
        {},
        {}});
}

void provider_response::explain() {
  fail(classify_response(api_, head_, collected_, now_));
}

void provider_response::fail(error why) {
  mode_ = mode::ignoring;
  if (!settled())
    summary_.failure = std::move(why);
}

} // namespace penstock
