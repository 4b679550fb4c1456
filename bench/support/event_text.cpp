#include "bench/support/event_text.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace penstock::bench {

namespace {

class simdjson_extractor final : public text_extractor {
public:
  std::string_view text_of(std::string_view data) override {
    padded_.assign(data);
    padded_.reserve(data.size() + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::document document;
    if (parser_.iterate(padded_.data(), padded_.size(), padded_.capacity())
          .get(document))
      return {};
    simdjson::ondemand::array choices;
    if (document["choices"].get(choices))
      return {};
    for (auto choice : choices) {
      std::string_view text;
      if (choice["delta"]["content"].get(text))
        return {};
      return text;
    }
    return {};
  }

private:
  simdjson::ondemand::parser parser_;
  std::string padded_;
};

class dom_extractor final : public text_extractor {
public:
  std::string_view text_of(std::string_view data) override {
    text_.clear();
    const auto chunk = nlohmann::json::parse(data, nullptr, false);
    if (chunk.is_object() && !chunk["choices"].empty())
      text_ = chunk["choices"][0]["delta"].value("content", "");
    return text_;
  }

private:
  std::string text_;
};

} // namespace

std::unique_ptr<text_extractor> make_simdjson_extractor() {
  return std::make_unique<simdjson_extractor>();
}
std::unique_ptr<text_extractor> make_dom_extractor() {
  return std::make_unique<dom_extractor>();
}

} // namespace penstock::bench
