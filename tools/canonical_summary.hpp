// One answer, whatever API it came from, in a form that can be compared.
#pragma once

#include "messages/part.hpp"

#include <map>
#include <string>
#include <vector>

namespace penstock::cli {

/// The schema "llm-stream-canonical/1" of the recorded streams: what a decoder
/// made of a body, without the order of its deltas.
class canonical_summary {
public:
  /// Takes every part of the answer, in order.
  void add(const stream_part& part);

  /// One JSON object.
  std::string text() const;

private:
  struct call {
    part_key key = 0;
    std::string id, name, kind, input;
    bool provider_executed = false, complete = false;
  };
  struct result {
    std::string tool_call_id, tool_name, output_json;
    bool is_error = false;
  };

  void take(const part::response_info& p);
  void take(const part::text& p);
  void take(const part::text_end&) {}
  void take(const part::refusal& p);
  void take(const part::reasoning& p);
  void take(const part::reasoning_end& p);
  void take(const part::signature& p);
  void take(const part::tool_start& p);
  void take(const part::tool_input&) {}
  void take(const part::tool_complete& p);
  void take(const part::tool_result& p);
  void take(const part::file& p);
  void take(const part::source& p);
  void take(const part::compaction& p);
  void take(const part::usage& p);
  void take(const part::finished& p);
  void take(const part::failed& p);
  void ordered(const char* kind);

  std::string id_, model_, text_, reasoning_, refusal_, compaction_;
  std::vector<std::string> signatures_, encrypted_, order_;
  std::vector<call> calls_;                // in the order of their beginning
  std::map<part_key, std::size_t> by_key_; // into calls_
  std::vector<result> results_;
  std::vector<file_content> files_;
  std::vector<source> sources_;
  std::optional<token_usage> usage_;
  std::optional<finish> finish_;
  std::optional<std::string> raw_beside_error_;
  std::vector<error> errors_;
};

} // namespace penstock::cli
