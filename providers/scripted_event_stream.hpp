// The body of a scripted answer while it is written. Internal to the encoders
// of scripted_answers.
#pragma once

#include "providers/scripted_answers.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

/// One line. Invalid UTF-8 is what a hostile server would send, too: never
/// throw on it.
inline std::string dump_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Collects the events of one body, a piece each.
class scripted_event_stream {
public:
  explicit scripted_event_stream(const answer_pace& pace) : pace_(pace) {
    answer_.connect_delay = pace.connect;
    answer_.head_delay = pace.head;
    answer_.headers = {{"content-type", "text/event-stream; charset=utf-8"},
                       {"cache-control", "no-cache"}};
  }
  void data(std::string_view text) { add("data: " + std::string{text}); }
  void event(const std::string& type, const nlohmann::json& data) {
    add("event: " + type + "\ndata: " + dump_json(data));
  }
  http_answer take() { return std::move(answer_); }

private:
  void add(std::string event) {
    const auto delay = answer_.body.empty() ? pace_.first : pace_.between;
    answer_.body.push_back({std::move(event) + "\n\n", delay, 1});
  }
  answer_pace pace_;
  http_answer answer_;
};

} // namespace penstock
