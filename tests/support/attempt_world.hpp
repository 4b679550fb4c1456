// The world around SUPERVISOR and PROVIDER: a virtual clock, a scripted network
// and codec, and a probe where WORKSPACE stands.
#pragma once

#include "actors/attempt_environment.hpp"
#include "messages/type_ids.hpp"
#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/virtual_clock.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace penstock::testing {

/// What a WORKSPACE gets to hear, in order.
struct attempt_log {
  std::vector<attempt_started> started;
  std::vector<parts_received> parts;
  std::vector<attempt_settled> settled;
  std::vector<std::size_t> decoders_at_settle; ///< Alive at that moment.
  /// Gives nothing back: an attempt runs into its bound.
  bool keeps_bytes = false;

  /// Of one attempt, or of all.
  std::string text(std::uint32_t attempt = 0) const;
  std::string texts_without_gap() const;
  void give_back(); ///< What was kept.

  std::size_t given_back = 0; ///< Of `parts`.
};

/// The codec of OpenAI, which can be told to fail, and counts its decoders: one
/// lives as long as the state of its PROVIDER.
class staged_codec final : public api_codec {
public:
  std::function<void()> on_encode;               ///< May throw.
  std::function<void(std::string_view)> on_push; ///< May throw.
  std::function<void()> on_make_decoder;         ///< May throw.
  std::optional<error> refusal;                  ///< What `encode` answers.
  encoder_notes left_out;

  std::size_t decoders() const { return *decoders_; }

  std::string_view api() const noexcept override;
  bool has_prefill(const endpoint&, std::string_view) const noexcept override;
  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override;
  std::unique_ptr<response_decoder>
  make_decoder(std::string_view provider) const override;

private:
  std::shared_ptr<std::size_t> decoders_ = std::make_shared<std::size_t>(0);
};

/// "a:one" is the model "one" at https://a.test/v1, with a key of its own.
struct attempt_world : actor_fixture {
  std::shared_ptr<virtual_clock> time;
  std::shared_ptr<scripted_http_client> http;
  staged_codec codec;
  std::map<std::string, error> unresolved; ///< By "provider:model".
  std::map<std::string, std::uint64_t> windows;
  std::vector<std::string> log_lines;
  std::shared_ptr<attempt_environment> env;
  std::shared_ptr<attempt_log> heard = std::make_shared<attempt_log>();
  workspace_actor workspace;

  attempt_world();
  ~attempt_world();

  /// From now on the n-th request gets the n-th answer, and the last answers
  /// all that follow.
  void play(std::vector<http_answer> answers);
  /// From now on requests are answered by these rules alone.
  void play(http_script script);

  /// Moves time; everybody comes to rest before it moves.
  void advance(std::chrono::milliseconds by = {}) { time->advance(by); }

  expected<resolved_model> resolve(const std::string& name);
  std::shared_ptr<const prompt> question(std::string text = "hi") const;
  /// The transfers, in order of their start.
  std::vector<transfer_record> transfers() const { return http->records(); }
};

/// A key that must be seen nowhere. Each provider has another.
inline constexpr std::string_view planted_key_prefix = "sk-planted-0123456789-";

/// An answer of `words` whose events come `between` apart.
http_answer slow_answer(std::string_view words,
                        std::chrono::milliseconds between);
/// One that says `words` at once and then nothing more, for ever.
http_answer stalled_answer(std::string_view words);
http_answer quick_answer(std::string_view words = "Hello, world");
http_answer broken_answer(int status, header_list headers = {});

} // namespace penstock::testing
