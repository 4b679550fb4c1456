// Internal: strict reading of JSON objects: every member is known, wanted
// and of the right type, or an error says where it stands.
#pragma once

#include "messages/errc.hpp"
#include "providers/json.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// `path: expected WHAT, got VALUE`, as `invalid_request`.
error fault(const std::string& path, std::string_view what,
            const ordered_json& value);

/// `path: there is no NAME here; did you mean …`, as `invalid_request`.
error unknown(const std::string& path, std::string_view name,
              const std::vector<std::string_view>& known);

/// Reads one value that stands at `path`.
using value_reader =
  std::function<expected<void>(const std::string& path, const ordered_json&)>;

// Readers that check a type and fill a variable, which outlives them.
value_reader into(std::string& to);
value_reader into(bool& to);
value_reader into(std::uint64_t& to, std::uint64_t least, std::uint64_t most);

/// Calls `read` for every member of an object, and refuses a name that is there
/// twice.
expected<void>
each_member(const ordered_json& value, const std::string& path,
            const std::function<expected<void>(const std::string& path,
                                               const std::string& name,
                                               const ordered_json&)>& read);

/// Calls `read` for every element of an array.
expected<void> each_element(const ordered_json& value, const std::string& path,
                            const value_reader& read);

/// An object with a fixed set of members.
class object_reader {
public:
  object_reader& member(std::string_view name, value_reader read);
  object_reader& required(std::string_view name, value_reader read);
  /// A member that people write and that must not be there.
  object_reader& refuse(std::string_view name, std::string_view because);

  expected<void> read(const std::string& path, const ordered_json& value) const;

private:
  struct entry {
    std::string name;
    value_reader read;
    bool is_required;
    bool is_known;
  };
  std::vector<entry> entries_;
};

} // namespace penstock
