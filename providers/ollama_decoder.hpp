// Decoder of Ollama's chat answers: JSON objects, one a line.
#pragma once

#include "providers/codec.hpp"
#include "providers/delta_scanner.hpp"
#include "providers/json.hpp"
#include "providers/ndjson_decoder.hpp"
#include "providers/part_writer.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// Each line holds a piece of `message`; the one with `"done": true` ends the
/// answer, with the reason and the counts. An answer that was not streamed is
/// one such object, perhaps printed over several lines.
///
/// Ollama marks no part's end: a part ends when another kind of piece comes. A
/// tool call comes whole, with its input as an object; older servers give it
/// no id.
///
/// Source: github.com/ollama/ollama, docs/api.md ("Generate a chat
/// completion"),
///         docs/api/errors.mdx, docs/openapi.yaml.
/// Limits: limits::ndjson_line_bytes_max (a document's lines together, too),
///         those of part_writer, limits::tool_input_bytes_max.
/// Errors: an `{"error": …}` is classified; a body that is something else,
///         malformed JSON and an exceeded limit are `protocol`. A body that
///         ends before `done` is no failure here: `finished` is false.
/// Cost:   a line with nothing but text or thinking, and otherwise like the one
///         before, is read without a DOM.
class ollama_decoder final : public response_decoder {
public:
  /// @param short_way false: every line takes the general way.
  explicit ollama_decoder(bool short_way = true);

  void push(std::string_view bytes, part_batch& out) override;
  void end(part_batch& out) override;
  bool finished() const noexcept override { return done_; }

private:
  void on_line(std::string_view line, part_batch& out);
  void on_last_line(std::string_view line, part_batch& out);
  void on_document_line(std::string_view line, part_batch& out);
  bool on_plain_delta(std::string_view line, part_batch& out);
  void on_value(const json& value, std::string_view text, part_batch& out);
  void on_message(const json& message, part_batch& out);
  void on_call(const json& call, part_batch& out);
  void on_image(const json& image, part_batch& out);
  void on_usage(const json& value, part_batch& out);
  void on_done(const json& value, part_batch& out);
  void refuse(std::string_view body, part_batch& out);
  void fail(error why, part_batch& out);

  ndjson_decoder lines_;
  delta_scanner plain_;
  part_writer parts_;
  std::string document_;   // the lines of a value that is printed over several
  std::string stranger_;   // the first value that says nothing, its begin
  bool begun_ = false;     // a line was seen
  bool known_ = false;     // a value was seen that Ollama could have sent
  bool has_model_ = false; // it was told
  bool has_calls_ = false; // ditto
  bool in_document_ = false;
  bool done_ = false; // `"done": true` was seen
  bool over_ = false; // nothing more is taken
};

} // namespace penstock
