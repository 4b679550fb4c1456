#include "runtime/json_object_reader.hpp"

#include "runtime/close_names.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace penstock {

namespace {

std::string join(const std::string& path, const std::string& name) {
  return path.empty() ? shown(name) : path + "." + shown(name);
}

error invalid(const std::string& path, const std::string& what) {
  return {errc::invalid_request, path.empty() ? what : path + ": " + what};
}

} // namespace

error fault(const std::string& path, std::string_view what,
            const ordered_json& value) {
  const auto got = value.is_object()  ? std::string{"an object"}
                   : value.is_array() ? std::string{"an array"}
                                      : shown(to_text(value));
  return invalid(path, "expected " + std::string{what} + ", got " + got);
}

error unknown(const std::string& path, std::string_view name,
              const std::vector<std::string_view>& known) {
  auto hint = did_you_mean(name, known);
  if (hint.empty() && !known.empty()) {
    hint = "; there are ";
    for (std::size_t i = 0; i < known.size(); ++i)
      hint += (i == 0 ? "" : ", ") + std::string{known[i]};
  }
  return invalid(path, "there is no \"" + shown(name) + "\" here" + hint);
}

value_reader into(std::string& to) {
  return [&to](const std::string& path,
               const ordered_json& value) -> expected<void> {
    if (!value.is_string())
      return fail(fault(path, "a text", value));
    to = value.get<std::string>();
    return {};
  };
}

value_reader into(bool& to) {
  return [&to](const std::string& path,
               const ordered_json& value) -> expected<void> {
    if (!value.is_boolean())
      return fail(fault(path, "true or false", value));
    to = value.get<bool>();
    return {};
  };
}

value_reader into(std::uint64_t& to, std::uint64_t least, std::uint64_t most) {
  return [&to, least, most](const std::string& path,
                            const ordered_json& value) -> expected<void> {
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (number >= least && number <= most) {
        to = number;
        return {};
      }
    }
    return fail(fault(path,
                      "a whole number from " + std::to_string(least) + " to "
                        + std::to_string(most),
                      value));
  };
}

expected<void>
each_member(const ordered_json& value, const std::string& path,
            const std::function<expected<void>(const std::string& path,
                                               const std::string& name,
                                               const ordered_json&)>& read) {
  if (!value.is_object())
    return fail(fault(path, "an object", value));
  std::set<std::string_view> seen;
  for (const auto& [name, member] : value.items()) {
    const auto at = join(path, name);
    if (!seen.insert(name).second)
      return fail(invalid(at, "is there twice"));
    if (auto done = read(at, name, member); !done)
      return done;
  }
  return {};
}

expected<void> each_element(const ordered_json& value, const std::string& path,
                            const value_reader& read) {
  if (!value.is_array())
    return fail(fault(path, "an array", value));
  for (std::size_t i = 0; i < value.size(); ++i)
    if (auto done = read(path + "[" + std::to_string(i) + "]", value[i]); !done)
      return done;
  return {};
}

object_reader& object_reader::member(std::string_view name, value_reader read) {
  entries_.push_back({std::string{name}, std::move(read), false, true});
  return *this;
}

object_reader& object_reader::required(std::string_view name,
                                       value_reader read) {
  entries_.push_back({std::string{name}, std::move(read), true, true});
  return *this;
}

object_reader& object_reader::refuse(std::string_view name,
                                     std::string_view because) {
  entries_.push_back({std::string{name},
                      [because = std::string{because}](const std::string& path,
                                                       const ordered_json&) {
                        return expected<void>{fail(invalid(path, because))};
                      },
                      false, false});
  return *this;
}

expected<void> object_reader::read(const std::string& path,
                                   const ordered_json& value) const {
  std::vector<std::string_view> known;
  for (const auto& e : entries_)
    if (e.is_known)
      known.push_back(e.name);
  std::set<std::string> seen;
  auto done = each_member(value, path,
                          [&](const std::string& at, const std::string& name,
                              const ordered_json& member) -> expected<void> {
                            const auto it = std::find_if(
                              entries_.begin(), entries_.end(),
                              [&](auto& e) { return e.name == name; });
                            if (it == entries_.end())
                              return fail(unknown(path, name, known));
                            seen.insert(name);
                            return it->read(at, member);
                          });
  if (!done)
    return done;
  for (const auto& e : entries_)
    if (e.is_required && !seen.contains(e.name))
      return fail(invalid(path, "\"" + e.name + "\" is missing"));
  return {};
}

} // namespace penstock
