// Calls of a store that wait for their answers, and streams to give to it.
#pragma once

#include "actors/conversation.hpp"
#include "actors/store.hpp"
#include "actors/stream_growth.hpp"
#include "actors/stream_log.hpp"

#include <filesystem>
#include <future>
#include <memory>
#include <stdlib.h>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// A directory that goes with its owner.
struct temporary_dir {
  std::filesystem::path path;
  temporary_dir() {
    std::string name =
      (std::filesystem::temp_directory_path() / "penstock-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~temporary_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  temporary_dir(const temporary_dir&) = delete;
  std::string file(const std::string& name) const {
    return (path / name).string();
  }
};

template <class Answer, class Call>
Answer answer_of(Call call) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto answer = promise->get_future();
  call([promise](Answer a) { promise->set_value(std::move(a)); });
  return answer.get();
}

/// Blocking calls.
struct store_calls {
  store& on;

  error write(const std::string& id, std::vector<store_record> records) {
    return answer_of<error>(
      [&](auto done) { on.write(id, std::move(records), std::move(done)); });
  }
  expected<workspace_snapshot> load(const std::string& id) {
    return answer_of<expected<workspace_snapshot>>(
      [&](auto done) { on.load(id, std::move(done)); });
  }
  expected<std::optional<closed_stream>> load_stream(const std::string& id,
                                                     stream_id stream) {
    return answer_of<expected<std::optional<closed_stream>>>(
      [&](auto done) { on.load_stream(id, stream, std::move(done)); });
  }
  std::vector<std::string> workspaces() {
    return answer_of<expected<std::vector<std::string>>>(
             [&](auto done) { on.list_workspaces(std::move(done)); })
      .value();
  }
  std::vector<interrupted_stream> interrupted(const std::string& id = {}) {
    return answer_of<expected<std::vector<interrupted_stream>>>(
             [&](auto done) { on.load_interrupted(id, std::move(done)); })
      .value();
  }
  std::vector<usage_row> usage(const std::string& id = {}) {
    return answer_of<expected<std::vector<usage_row>>>(
             [&](auto done) { on.load_usage(id, std::move(done)); })
      .value();
  }
};

inline history_row user_row(std::uint64_t sequence, const std::string& text) {
  return {sequence,
          "m" + std::to_string(sequence),
          {user_text(text)},
          history_row::outcome::completed};
}

inline token_usage tokens(std::uint64_t input, std::uint64_t output) {
  token_usage u;
  u.known = token_usage::quality::exact;
  u.input_total = input;
  u.output_total = output;
  return u;
}

/// Writes a stream as WORKSPACE does: records of what its log has gained.
struct stream_writer {
  static constexpr auto made_by = "openai-chat/m";

  stream_id id;
  std::string message_id;
  std::uint64_t sequence;
  stream_log log{
    std::make_shared<stream_identity>(stream_identity{"w", id, message_id}),
    event::stream_start{"p:m", "p:m", sequence, "{}"}};
  stream_log::place written{};
  std::vector<attempt_span> spans{};

  record::stream_opened opened() const {
    return {id, message_id, sequence, "p:m", R"({"k":1})", {}};
  }
  record::attempt_began attempt(std::uint32_t number, std::uint32_t step = 1) {
    if (!spans.empty())
      spans.back().to = log.size();
    spans.push_back({step, log.size(), UINT32_MAX, made_by});
    return {{id, number}, step, log.size(), "p:m", made_by};
  }
  std::vector<store_record> grown() {
    std::vector<store_record> records;
    record_growth(log, written, 0, records);
    return records;
  }
  /// What is left, and the end.
  std::vector<store_record> closed() {
    auto records = grown();
    event::stream_end end;
    end.why = {finish_reason::stop, "end_turn"};
    end.usage = tokens(3, 4);
    end.usage_by_model = {{"p:m", end.usage}};
    end.model = end.requested_model = "p:m";
    end.metadata_json = R"({"k":1})";
    end.parts = log.parts();
    record::stream_closed r{
      id, std::make_shared<const event_body>(std::move(end)), {}};
    if (auto messages = final_messages(log, spans); !messages.empty())
      r.rows.push_back(
        {sequence, message_id, messages, history_row::outcome::completed});
    records.push_back(std::move(r));
    return records;
  }
};

} // namespace penstock::testing
