#include "providers/message_maker.hpp"

namespace penstock {

namespace {

std::string_view canonical(std::string_view api) noexcept {
  return api == "openai-compatible" ? "openai-chat" : api;
}

} // namespace

bool message_maker::is_at(std::string_view other_api,
                          std::string_view other_provider) const noexcept {
  return !api.empty() && canonical(api) == canonical(other_api)
         && (provider.empty() || provider == other_provider);
}

message_maker maker_of(std::string_view made_by) noexcept {
  const auto slash = made_by.find('/');
  if (slash == made_by.npos)
    return {};
  const auto where = made_by.substr(0, slash);
  const auto at = where.find('@');
  return {where.substr(0, at),
          at == where.npos ? std::string_view{} : where.substr(at + 1),
          made_by.substr(slash + 1)};
}

std::string made_by_text(const endpoint& at, std::string_view model) {
  auto text = at.api;
  if (!at.provider.empty())
    text += "@" + at.provider;
  return text.append("/").append(model);
}

} // namespace penstock
