// The rivals' reading of an event stream: no more than these streams need.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace penstock::bench {

/// Splits at line ends by memchr and gives what follows "data: ".
class event_splitter {
public:
  template <class F>
  void push(std::string_view bytes, F&& on_data) {
    if (!rest_.empty()) { // A line was cut.
      const auto end = bytes.find('\n');
      rest_.append(bytes.substr(0, end));
      if (end == bytes.npos)
        return;
      line(rest_, on_data);
      rest_.clear();
      bytes.remove_prefix(end + 1);
    }
    for (auto end = bytes.find('\n'); end != bytes.npos;
         end = bytes.find('\n')) {
      line(bytes.substr(0, end), on_data);
      bytes.remove_prefix(end + 1);
    }
    rest_.assign(bytes);
  }

private:
  template <class F>
  static void line(std::string_view line, F& on_data) {
    if (line.starts_with("data: ") && line != "data: [DONE]")
      on_data(line.substr(6));
  }
  std::string rest_;
};

/// The text of choices[0].delta.content, or empty. Valid until the next call.
class text_extractor {
public:
  virtual ~text_extractor() = default;
  virtual std::string_view text_of(std::string_view data) = 0;
};

/// simdjson, on demand.
std::unique_ptr<text_extractor> make_simdjson_extractor();
/// nlohmann::json, as a user would write it.
std::unique_ptr<text_extractor> make_dom_extractor();

} // namespace penstock::bench
