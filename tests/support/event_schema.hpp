// docs/events.schema.json, to hold events against.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace penstock::testing {

/// Threads: one at a time.
class event_schema {
public:
  /// Errors: throws std::runtime_error if there is no such file, or if it is
  ///         no schema. The tests' environment says where the sources are.
  event_schema();
  ~event_schema();

  /// What is wrong with a line, or "".
  std::string problem_of(const std::string& line) const;

  /// The values of `event` that it knows, sorted.
  std::vector<std::string> event_names() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace penstock::testing
