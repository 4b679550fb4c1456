#include "providers/json.hpp"

#include "messages/limits.hpp"
#include "providers/json_repair.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace penstock {

namespace {

// Builds a value from the parser's events. Unlike the library's own builder it
// bounds the depth, and does not search an ordered object for each new member.
template <class Json>
class builder {
public:
  using number_integer_t = typename Json::number_integer_t;
  using number_unsigned_t = typename Json::number_unsigned_t;
  using number_float_t = typename Json::number_float_t;
  using string_t = typename Json::string_t;
  using binary_t = typename Json::binary_t;

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) { return put(value); }
  bool number_unsigned(number_unsigned_t value) { return put(value); }
  bool number_float(number_float_t value, const string_t&) {
    return put(value);
  }
  bool string(string_t& value) { return put(std::move(value)); }
  bool binary(binary_t&) { return false; }
  bool key(string_t& name) {
    name_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) { return open(Json::value_t::object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::value_t::array); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t at, const std::string&,
                   const nlohmann::detail::exception&) {
    error_at_ = at;
    return false;
  }

  Json take() { return std::move(root_); }
  bool too_deep() const noexcept { return too_deep_; }
  std::size_t error_at() const noexcept { return error_at_; }

private:
  template <class Value>
  bool put(Value&& value) {
    add(Json(std::forward<Value>(value)));
    return true;
  }

  bool open(typename Json::value_t type) {
    if (open_.size() == limits::json_depth_max) {
      too_deep_ = true;
      return false;
    }
    open_.push_back(&add(Json(type)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // The address stays good while the value is open: its parent grows again
  // only after it is closed.
  Json& add(Json value) {
    if (open_.empty())
      return root_ = std::move(value);
    auto& parent = *open_.back();
    if (parent.is_array()) {
      auto& elements = parent.template get_ref<typename Json::array_t&>();
      return elements.emplace_back(std::move(value));
    }
    auto& members = parent.template get_ref<typename Json::object_t&>();
    if constexpr (std::is_same_v<Json, json>)
      return members.insert_or_assign(std::move(name_), std::move(value))
        .first->second;
    else
      return members.emplace_back(std::move(name_), std::move(value)).second;
  }

  Json root_;
  std::vector<Json*> open_; // from the root inwards
  string_t name_;           // of the next member
  bool too_deep_ = false;
  std::size_t error_at_ = 0;
};

/// "byte 170", and in a text of several lines where a person looks for it.
std::string place(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at == 0 ? 0 : at - 1);
  const auto breaks = std::count(before.begin(), before.end(), '\n');
  return "byte " + std::to_string(at)
         + (breaks == 0 ? "" : ", in line " + std::to_string(breaks + 1));
}

template <class Json>
expected<Json> parse(std::string_view text) {
  builder<Json> first;
  if (Json::sax_parse(text, &first))
    return first.take();
  if (!first.too_deep()) {
    // Off the usual path: the text may be of the kinds that are taken anyway.
    const auto repaired = json_repair{text};
    builder<Json> second;
    if (repaired.changed() && Json::sax_parse(repaired.text(), &second)) {
      auto value = second.take();
      repaired.restore(value);
      return value;
    }
    if (!second.too_deep())
      return fail(errc::protocol,
                  "malformed JSON at " + place(text, first.error_at()));
  }
  return fail(errc::protocol, "JSON is nested deeper than json_depth_max ("
                                + std::to_string(limits::json_depth_max) + ")");
}

const json null_value;

template <class Json>
std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

expected<json> parse_json(std::string_view text) {
  return parse<json>(text);
}

expected<ordered_json> parse_ordered_json(std::string_view text) {
  return parse<ordered_json>(text);
}

const json& member(const json& value, const char* name) noexcept {
  if (!value.is_object())
    return null_value;
  const auto it = value.find(name);
  return it == value.end() ? null_value : *it;
}

const json& element(const json& value, std::size_t index) noexcept {
  return value.is_array() && index < value.size() ? value[index] : null_value;
}

std::string_view bytes_of(const json& value) noexcept {
  const auto* text = value.get_ptr<const std::string*>();
  return text ? std::string_view{*text} : std::string_view{};
}

std::string text_of(const json& value) {
  utf8_joiner joiner;
  std::string text{joiner.join(bytes_of(value))};
  text += joiner.finish();
  return text;
}

std::optional<std::uint64_t> count_of(const json& value) noexcept {
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  if (value.is_number_unsigned())
    return value.get<std::uint64_t>();
  if (value.is_number_integer()) // Only negative ones are stored as signed…
    return static_cast<std::uint64_t>(
      std::max<std::int64_t>(value.get<std::int64_t>(), 0)); // …by the parser.
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (!(number > 0)) // NaN as well
      return 0;
    return number < 18446744073709551616.0 ? static_cast<std::uint64_t>(number)
                                           : largest;
  }
  const auto text = bytes_of(value);
  std::uint64_t number = 0;
  const auto [at, ec] =
    std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || at != text.data() + text.size()
      || ec == std::errc::invalid_argument)
    return std::nullopt;
  return ec == std::errc{} ? number : largest;
}

std::string to_text(const json& value) {
  return dump(value);
}

std::string to_text(const ordered_json& value) {
  return dump(value);
}

} // namespace penstock
