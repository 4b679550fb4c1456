#include "runtime/price_table.hpp"

#include "messages/check.hpp"
#include "runtime/json_object_reader.hpp"
#include "runtime/text_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock {

/// The text of data/prices.json. Made by the build.
extern const char* const built_in_prices;

namespace {

constexpr std::size_t file_bytes_max = 4u << 20;

value_reader into_price(double& to) {
  return [&to](const std::string& path,
               const ordered_json& value) -> expected<void> {
    if (!value.is_number() || !std::isfinite(value.get<double>())
        || value.get<double>() < 0)
      return fail(fault(path, "a price, at least 0", value));
    to = value.get<double>();
    return {};
  };
}

value_reader skip() {
  return [](const std::string&, const ordered_json&) -> expected<void> {
    return {};
  };
}

/// "name" of "name-20251001" and of "name-2025-10-01".
std::string without_date(const std::string& model) {
  auto end = model.size();
  std::size_t digits = 0;
  while (end > 0
         && ((model[end - 1] >= '0' && model[end - 1] <= '9')
             || model[end - 1] == '-')
         && digits < 8)
    digits += model[--end] != '-';
  return digits == 8 && end > 0 && model[end - 1] == '-'
           ? model.substr(0, end - 1)
           : std::string{};
}

} // namespace

expected<price_table> price_table::parse(std::string_view text) {
  const auto value = parse_ordered_json(text);
  if (!value)
    return fail(errc::invalid_request, value.error().message);
  price_table made;
  std::uint64_t per_tokens = 0;
  const auto models = [&](const std::string& path, const ordered_json& all) {
    return each_member(all, path,
                       [&](const std::string& at, const std::string& name,
                           const ordered_json& one) -> expected<void> {
                         price p;
                         p.cache_read = p.cache_write = -1;
                         auto done =
                           object_reader{}
                             .required("input", into_price(p.input))
                             .member("cache_read", into_price(p.cache_read))
                             .member("cache_write", into_price(p.cache_write))
                             .required("output", into_price(p.output))
                             .read(at, one);
                         if (p.cache_read < 0)
                           p.cache_read = p.input;
                         if (p.cache_write < 0)
                           p.cache_write = p.input;
                         made.models_[name] = p;
                         return done;
                       });
  };
  auto done = object_reader{}
                .required("date", into(made.date_))
                .required("currency", into(made.currency_))
                .required("per_tokens", into(per_tokens, 1, 1'000'000'000'000))
                .member("sources", skip())
                .required("models", models)
                .read("prices", *value);
  if (!done)
    return fail(done.error());
  const auto per = static_cast<double>(per_tokens);
  for (auto& [name, p] : made.models_)
    p = {p.input / per, p.cache_read / per, p.cache_write / per,
         p.output / per};
  return made;
}

expected<price_table> price_table::load(const std::string& path) {
  const auto text = read_text_file(path, file_bytes_max);
  if (!text)
    return fail(text.error());
  auto made = parse(*text);
  if (!made)
    return fail(errc::invalid_request, path + ": " + made.error().message);
  return made;
}

const price_table& price_table::built_in() {
  static const auto made = [] {
    auto parsed = parse(built_in_prices);
    PENSTOCK_CHECK(parsed.has_value());
    return std::move(*parsed);
  }();
  return made;
}

const price_table::price* price_table::find(const std::string& model) const {
  auto it = models_.find(model);
  if (it == models_.end())
    it = models_.find(without_date(model));
  return it == models_.end() ? nullptr : &it->second;
}

std::optional<double> price_table::cost(const std::string& model,
                                        const token_usage& u) const {
  const auto* p = find(model);
  if (!p || u.known == token_usage::quality::unknown)
    return std::nullopt;
  auto cached = std::min(u.input_total, u.cache_read);
  cached += std::min(u.input_total - cached, u.cache_write);
  return static_cast<double>(u.input_total - cached) * p->input
         + static_cast<double>(u.cache_read) * p->cache_read
         + static_cast<double>(u.cache_write) * p->cache_write
         + static_cast<double>(u.output_total) * p->output;
}

} // namespace penstock
