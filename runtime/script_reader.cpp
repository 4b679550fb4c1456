#include "runtime/script_reader.hpp"

#include "messages/limits.hpp"
#include "providers/model_catalog.hpp"
#include "providers/scripted_answers.hpp"
#include "runtime/json_object_reader.hpp"

#include <optional>
#include <utility>

namespace penstock {

namespace {

using std::string;

/// A day. A script that waits longer says "stall".
constexpr std::uint64_t delay_ms_max = 86'400'000;
/// Requests that one answer takes in a row.
constexpr std::uint64_t times_max = 10'000;
/// Answers of one model; each is held as the bytes that are sent.
constexpr std::size_t answers_max = 10'000;
constexpr std::uint64_t tokens_max = 1'000'000'000'000;

error wrong(const string& path, const string& what) {
  return {errc::invalid_request, path + ": " + what};
}

value_reader delay_into(std::chrono::milliseconds& to) {
  return [&to](const string& path, const ordered_json& value) {
    std::uint64_t ms = 0;
    auto done = into(ms, 0, delay_ms_max)(path, value);
    to = std::chrono::milliseconds{ms};
    return done;
  };
}

/// What an answer says, before it is known what kind of answer it is.
struct answer_draft {
  scripted_turn turn;
  answer_pace pace;
  std::optional<http_answer::ending> ends; ///< `complete`: truncated.
  std::optional<std::uint64_t> after_events;
  std::optional<std::uint64_t> status;
  header_list headers;
  std::optional<scripted_turn::in_stream_error> failure;
  std::uint64_t times = 1;
  std::size_t calls = 0;
  bool streams = false; ///< Something was said that only a stream can have.
};

value_reader tool_call_into(answer_draft& to) {
  return [&to](const string& path, const ordered_json& value) {
    string id = "call_" + std::to_string(++to.calls), name, input = "{}";
    auto done =
      object_reader{}
        .required("name", into(name))
        .member("id", into(id))
        .member("input",
                [&](const string& at, const ordered_json& v) -> expected<void> {
                  if (!v.is_object())
                    return fail(fault(at, "an object", v));
                  input = to_text(v);
                  return {};
                })
        .read(path, value);
    if (done)
      to.turn.tool_call(std::move(id), std::move(name), std::move(input));
    return done;
  };
}

expected<void> read_part(answer_draft& to, const string& path,
                         const ordered_json& value) {
  if (value.is_string()) {
    to.turn.text(value.get<string>());
    return {};
  }
  if (!value.is_object() || value.size() != 1)
    return fail(fault(path,
                      "a text, or one of {\"text\"}, {\"reasoning\"}, "
                      "{\"refusal\"}, {\"tool_call\"}",
                      value));
  string text, reasoning, refusal;
  auto done = object_reader{}
                .member("text", into(text))
                .member("reasoning", into(reasoning))
                .member("refusal", into(refusal))
                .member("tool_call", tool_call_into(to))
                .read(path, value);
  if (!text.empty())
    to.turn.text(text);
  if (!reasoning.empty())
    to.turn.reasoning(reasoning);
  if (!refusal.empty())
    to.turn.refusal(refusal);
  return done;
}

value_reader usage_into(answer_draft& to) {
  return [&to](const string& path, const ordered_json& value) {
    token_usage usage;
    auto done = object_reader{}
                  .member("input", into(usage.input_total, 0, tokens_max))
                  .member("cached_input", into(usage.cache_read, 0, tokens_max))
                  .member("output", into(usage.output_total, 0, tokens_max))
                  .member("reasoning", into(usage.reasoning, 0, tokens_max))
                  .read(path, value);
    to.turn.usage(usage);
    return done;
  };
}

expected<void> read_finish(answer_draft& to, const string& path,
                           const ordered_json& value) {
  for (const auto reason :
       {finish_reason::stop, finish_reason::length, finish_reason::tool_calls,
        finish_reason::content_filter, finish_reason::other})
    if (value == to_string(reason)) {
      to.turn.finish(reason);
      return {};
    }
  return fail(
    fault(path, "stop, length, tool-calls, content-filter or other", value));
}

expected<void> read_ends(answer_draft& to, const string& path,
                         const ordered_json& value) {
  using ending = http_answer::ending;
  const std::pair<const char*, ending> words[] = {
    {"closed", ending::closed},
    {"reset", ending::reset},
    {"stall", ending::stall},
    {"truncated", ending::complete}};
  for (const auto& [word, meaning] : words)
    if (value == word) {
      to.ends = meaning;
      return {};
    }
  return fail(fault(path, "closed, reset, stall or truncated", value));
}

expected<void> read_headers(answer_draft& to, const string& path,
                            const ordered_json& value) {
  auto done = each_member(value, path,
                          [&](const string& at, const string& name, auto& v) {
                            to.headers.emplace_back(name, string{});
                            return into(to.headers.back().second)(at, v);
                          });
  if (!done)
    return done;
  if (auto bad = fault_of(to.headers))
    return fail(wrong(path, bad->message));
  return {};
}

value_reader failure_into(answer_draft& to) {
  return [&to](const string& path, const ordered_json& value) {
    auto& failure = to.failure.emplace();
    return object_reader{}
      .required("type", into(failure.type))
      .required("message", into(failure.message))
      .read(path, value);
  };
}

template <class T>
value_reader optional_into(std::optional<T>& to, std::uint64_t least,
                           std::uint64_t most) {
  return [=, &to](const string& path, const ordered_json& value) {
    return into(to.emplace(), least, most)(path, value);
  };
}

expected<http_answer> whole(answer_draft draft, const string& path) {
  if (draft.status) {
    if (draft.streams)
      return fail(wrong(path, "an answer with a \"status\" has an \"error\", "
                              "\"headers\" and delays, and no stream"));
    if (!draft.failure)
      return fail(wrong(path, "\"error\" is missing"));
    auto answer = error_answer("openai-chat", static_cast<int>(*draft.status),
                               draft.failure->type, draft.failure->message,
                               std::move(draft.headers));
    answer.connect_delay = draft.pace.connect;
    answer.head_delay = draft.pace.head;
    return answer;
  }
  if (draft.after_events && !draft.ends)
    return fail(wrong(path, "\"after_events\" says when \"ends\" happens, "
                            "which is missing"));
  if (draft.failure)
    draft.turn.error(draft.failure->type, draft.failure->message);
  if (draft.ends)
    draft.turn.truncated();
  auto answer = openai_chat_answer(draft.turn, draft.pace);
  answer.headers.insert(answer.headers.end(), draft.headers.begin(),
                        draft.headers.end());
  answer.ends = draft.ends.value_or(http_answer::ending::complete);
  if (draft.after_events && *draft.after_events < answer.body.size())
    answer.body.resize(*draft.after_events);
  return answer;
}

expected<void> read_answer(std::vector<http_answer>& to, const string& path,
                           const ordered_json& value) {
  answer_draft draft;
  const auto only_streams = [&draft](value_reader read) {
    return [&draft, read = std::move(read)](const string& at,
                                            const ordered_json& v) {
      draft.streams = true;
      return read(at, v);
    };
  };
  const auto with = [&draft](auto read) {
    return [&draft, read](const string& at, const ordered_json& v) {
      return read(draft, at, v);
    };
  };
  if (value.is_string()) {
    draft.turn.text(value.get<string>());
  } else if (!value.is_object()) {
    return fail(fault(path, "a text or an object", value));
  } else {
    const value_reader parts = [&](const string& at, const ordered_json& v) {
      return each_element(v, at, with(read_part));
    };
    auto done =
      object_reader{}
        .member("parts", only_streams(parts))
        .member("usage", only_streams(usage_into(draft)))
        .member("finish", only_streams(with(read_finish)))
        .member("connect_ms", delay_into(draft.pace.connect))
        .member("head_ms", delay_into(draft.pace.head))
        .member("first_ms", only_streams(delay_into(draft.pace.first)))
        .member("between_ms", only_streams(delay_into(draft.pace.between)))
        .member("ends", only_streams(with(read_ends)))
        .member("after_events", only_streams(optional_into(draft.after_events,
                                                           0, delay_ms_max)))
        .member("status", optional_into(draft.status, 400, 599))
        .member("headers", with(read_headers))
        .member("error", failure_into(draft))
        .member("times", into(draft.times, 1, times_max))
        .read(path, value);
    if (!done)
      return done;
  }
  const auto times = draft.times;
  auto answer = whole(std::move(draft), path);
  if (!answer)
    return fail(answer.error());
  if (to.size() + times > answers_max)
    return fail(
      wrong(path, "more than " + std::to_string(answers_max) + " answers"));
  to.insert(to.end(), times, *answer);
  return {};
}

} // namespace

expected<void> read_script(model_script& to, const string& path,
                           const ordered_json& value) {
  to.clear();
  return each_member(value, path,
                     [&](const string& at, const string& model,
                         const ordered_json& answers) -> expected<void> {
                       if (model.empty())
                         return fail(wrong(path, "a model needs a name"));
                       auto& list = to[model];
                       if (!answers.is_array())
                         return read_answer(list, at, answers);
                       if (answers.empty())
                         return fail(wrong(at, "expected at least one answer"));
                       return each_element(
                         answers, at,
                         [&](const string& here, const ordered_json& one) {
                           return read_answer(list, here, one);
                         });
                     });
}

} // namespace penstock
