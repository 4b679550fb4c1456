#include "actors/schema_reader.hpp"

#include "actors/schema_keywords.hpp"
#include "actors/schema_path.hpp"
#include "messages/limits.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock {

namespace {

constexpr std::size_t shown_bytes_max = 120;
constexpr std::size_t path_bytes_max = 512;

std::string shown(std::string_view text) {
  return one_line(text, shown_bytes_max);
}

class schema_reader {
public:
  explicit schema_reader(read_schema& into) : into_(into) {}

  expected<void> read() {
    if (!into_.root.is_object())
      return fail(errc::invalid_request, "is not a JSON object");
    meet(into_.root, "");
    while (!waiting_.empty()) {
      const auto next = std::move(waiting_.back());
      waiting_.pop_back();
      if (auto good = read_one(*next.schema, next.path); !good)
        return good;
    }
    for (const auto* schema : met_)
      if (auto height = height_of(*schema, 0); !height)
        return fail(std::move(height.error()));
    return {};
  }

private:
  struct found {
    const json* schema;
    std::string path;
  };

  void meet(const json& schema, std::string path) {
    if (!schema.is_object() || heights_.count(&schema) > 0)
      return;
    heights_.emplace(&schema, unknown);
    met_.push_back(&schema);
    path.resize(std::min(path.size(), path_bytes_max)); // Names may be long.
    waiting_.push_back({&schema, std::move(path)});
  }

  static tl::unexpected<error> wrong(const std::string& path,
                                     const std::string& what) {
    return fail(errc::invalid_request, "at #" + shown(path) + ": " + what);
  }

  expected<void> read_one(const json& schema, const std::string& path) {
    if (const auto it = schema.find("$ref"); it != schema.end()) {
      if (auto good = read_ref(schema, *it, path); !good)
        return good;
      return read_definitions(schema, path); // Draft 7 ignores the rest.
    }
    for (const auto& [name, value] : schema.items())
      if (const auto* keyword = find_schema_keyword(name))
        if (auto good = read_keyword(*keyword, value, path); !good)
          return good;
    return {};
  }

  expected<void> read_definitions(const json& schema, const std::string& path) {
    for (const auto* name : {"$defs", "definitions"})
      if (const auto it = schema.find(name); it != schema.end())
        if (auto good = read_keyword(*find_schema_keyword(name), *it, path);
            !good)
          return good;
    return {};
  }

  expected<void> read_ref(const json& schema, const json& ref,
                          const std::string& path) {
    if (!ref.is_string())
      return wrong(path, "$ref must be a string");
    const auto where = bytes_of(ref);
    const auto target = follow_ref(into_.root, where);
    if (!target)
      return wrong(path, "$ref " + shown(to_text(ref)) + " "
                           + target.error().message
                           + "; only \"#\" and \"#/path\" are supported");
    if (!(*target)->is_object() && !(*target)->is_boolean())
      return wrong(path, "$ref " + shown(to_text(ref))
                           + " does not lead to a schema");
    into_.refs.emplace(&schema, *target);
    meet(**target, std::string{where.substr(1)});
    return {};
  }

  expected<void> read_keyword(const schema_keyword& keyword, const json& value,
                              const std::string& path) {
    const std::string name{keyword.name};
    if (const auto wanted = form_wanted(keyword.form, value); !wanted.empty())
      return wrong(path, name + " must be " + std::string{wanted});
    if (name == "pattern") {
      if (auto good = read_pattern(value.get_ref<const std::string&>()); !good)
        return wrong(path + "/pattern", good.error().message);
    } else if (name == "patternProperties") {
      for (const auto& [pattern, one] : value.items())
        if (auto good = read_pattern(pattern); !good)
          return wrong(path + "/patternProperties", good.error().message);
    }
    for_each_subschema(keyword.form, value,
                       [&](const json& schema, const std::string& below) {
                         meet(schema, path + "/" + name + below);
                       });
    return {};
  }

  expected<void> read_pattern(const std::string& pattern) {
    if (into_.patterns.count(pattern) > 0)
      return {};
    auto made = linear_regex::compile(pattern);
    if (!made)
      return fail(errc::invalid_request, "the pattern "
                                           + shown(to_text(json(pattern)))
                                           + ": " + made.error().message);
    regex_weight_ += made->weight();
    if (regex_weight_ > limits::schema_regex_weight_max)
      return fail(errc::invalid_request, "all patterns together are too large");
    into_.patterns.emplace(pattern, std::move(*made));
    return {};
  }

  // How many schemas, each within the other, one value is held against. The
  // recursion is as deep as that, and no deeper than the limit.
  expected<std::size_t> height_of(const json& schema, std::size_t depth) {
    const auto it = heights_.find(&schema);
    if (it == heights_.end()) // true or false
      return 1;
    if (it->second == entered)
      return fail(errc::invalid_request, "a $ref leads back to itself");
    if (it->second != unknown)
      return it->second;
    if (depth == limits::schema_nesting_max)
      return too_deep();
    it->second = entered;
    std::size_t height = 0;
    for (const auto* inner : in_place(schema)) {
      const auto below = height_of(*inner, depth + 1);
      if (!below)
        return below;
      height = std::max(height, *below);
    }
    if (++height > limits::schema_nesting_max)
      return too_deep();
    return heights_[&schema] = height;
  }

  static tl::unexpected<error> too_deep() {
    return fail(errc::invalid_request,
                "more than " + std::to_string(limits::schema_nesting_max)
                  + " schemas apply to one value, each within the other");
  }

  std::vector<const json*> in_place(const json& schema) const {
    std::vector<const json*> all;
    if (const auto it = into_.refs.find(&schema); it != into_.refs.end()) {
      all.push_back(it->second);
      return all;
    }
    for (const auto& [name, value] : schema.items())
      if (const auto* keyword = find_schema_keyword(name);
          keyword && keyword->in_place)
        for_each_subschema(
          keyword->form, value,
          [&](const json& one, const std::string&) { all.push_back(&one); });
    return all;
  }

  static constexpr std::size_t unknown = 0, entered = std::size_t(-1);

  read_schema& into_;
  std::vector<found> waiting_;
  std::vector<const json*> met_;
  std::unordered_map<const json*, std::size_t> heights_; // of each one met
  std::size_t regex_weight_ = 0;
};

} // namespace

expected<void> read(read_schema& into) {
  return schema_reader{into}.read();
}

} // namespace penstock
