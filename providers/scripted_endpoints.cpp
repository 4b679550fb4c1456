#include "providers/scripted_endpoints.hpp"

#include "messages/check.hpp"
#include "providers/json.hpp"
#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace penstock {

namespace {

// Plays one provider's script. Called under the client's lock.
class script_of {
public:
  explicit script_of(model_script script) : script_{std::move(script)} {}

  http_answer operator()(const http_request& request, std::size_t) {
    const auto body = parse_json(request.body);
    const auto model = body ? text_of(*body, "model") : std::string{};
    const auto found = script_.find(model);
    if (found == script_.end() || found->second.empty())
      return error_answer("openai-chat", 404, "model_not_found",
                          "the script has no model \"" + model + '"');
    const auto& answers = found->second;
    auto& played = played_[model];
    return answers[std::min(played++, answers.size() - 1)];
  }

private:
  model_script script_;
  std::map<std::string, std::size_t> played_;
};

http_script all_of(const std::map<std::string, model_script>& scripts) {
  http_script all;
  for (const auto& [provider, script] : scripts) {
    request_match match;
    match.where = [begin = scripted_base_url(provider)
                           + '/'](const http_request& request) {
      return request.url.starts_with(begin);
    };
    all.on(std::move(match), script_of{script});
  }
  return all;
}

// Even numbers are transfers of the network, odd ones those of scripts.
class scripted_endpoints final : public http_client {
public:
  scripted_endpoints(http_script script, clock& time,
                     std::shared_ptr<http_client> network)
    : network_{std::move(network)}, scripts_{time, std::move(script)} {
    PENSTOCK_CHECK(network_);
    scripts_.keep_records(false);
  }

  transfer_id start(http_request request,
                    std::shared_ptr<http_listener> listener) override {
    const bool scripted = request.url.starts_with(scripted_host);
    http_client& chosen = scripted ? scripts_ : *network_;
    const auto inner = chosen.start(std::move(request), std::move(listener));
    return transfer_id{static_cast<std::uint64_t>(inner) * 2
                       + (scripted ? 1 : 0)};
  }
  void cancel(transfer_id id) override { of(id).cancel(inner(id)); }
  void resume(transfer_id id) override { of(id).resume(inner(id)); }

private:
  http_client& of(transfer_id id) {
    return static_cast<std::uint64_t>(id) % 2 == 1 ? scripts_ : *network_;
  }
  static transfer_id inner(transfer_id id) {
    return transfer_id{static_cast<std::uint64_t>(id) / 2};
  }

  std::shared_ptr<http_client> network_;
  scripted_http_client scripts_;
};

} // namespace

std::unique_ptr<http_client>
make_scripted_endpoints(const std::map<std::string, model_script>& scripts,
                        clock& time, std::shared_ptr<http_client> network) {
  return std::make_unique<scripted_endpoints>(all_of(scripts), time,
                                              std::move(network));
}

} // namespace penstock
