// What servers send that is almost JSON: see `parse_json`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace penstock {

/// A copy of a text in which a strict parser finds no fault with its strings'
/// bytes and its numbers' size. What no valid text can hold (half a pair, half
/// a sequence) is written as a mark, a character that the text does not use,
/// followed by digits; `restore` puts the bytes back into the parsed value.
class json_repair {
public:
  explicit json_repair(std::string_view text);

  bool changed() const noexcept { return changed_; }
  const std::string& text() const noexcept { return out_; }

  void restore(nlohmann::json& value) const;
  void restore(nlohmann::ordered_json& value) const;

private:
  void copy_string(std::string_view& text);
  void copy_plain(std::string_view text, bool at_begin, bool at_end);
  void copy_escape(std::string_view& text);
  void copy_number(std::string_view& text);
  void put_mark(unsigned code);
  std::string restored(const std::string& text) const;
  template <class Json>
  void restore_in(Json& value) const;

  std::string mark_; ///< Empty: the text uses all that could be one.
  std::string out_;
  bool changed_ = false;
};

} // namespace penstock
