#include "tests/support/attempt_world.hpp"

#include "tests/support/test_model.hpp"

#include <utility>

namespace penstock::testing {

namespace {

struct workspace_probe {
  using shell = caf_compat::shell<workspace_protocol, workspace_probe>;
  workspace_probe(shell&, std::shared_ptr<attempt_log> l, const staged_codec& c)
    : log(std::move(l)), codec(c) {}

  void on(const attempt_started& m) { log->started.push_back(m); }
  void on(const attempt_settled& m) {
    log->settled.push_back(m);
    log->decoders_at_settle.push_back(codec.decoders());
  }
  void on(const parts_received& m) {
    log->parts.push_back(m);
    if (!log->keeps_bytes)
      log->give_back();
  }
  template <class Message>
  void on(const Message&) {}

  std::shared_ptr<attempt_log> log;
  const staged_codec& codec;
};

class staged_decoder final : public response_decoder {
public:
  staged_decoder(std::unique_ptr<response_decoder> real,
                 std::function<void(std::string_view)> on_push,
                 std::shared_ptr<std::size_t> alive)
    : real_(std::move(real)), on_push_(std::move(on_push)),
      alive_(std::move(alive)) {
    ++*alive_;
  }
  ~staged_decoder() override { --*alive_; }

  void push(std::string_view bytes, part_batch& out) override {
    if (on_push_)
      on_push_(bytes);
    real_->push(bytes, out);
  }
  void end(part_batch& out) override { real_->end(out); }
  bool finished() const noexcept override { return real_->finished(); }

private:
  std::unique_ptr<response_decoder> real_;
  std::function<void(std::string_view)> on_push_;
  std::shared_ptr<std::size_t> alive_;
};

const api_codec& real_codec() {
  return *find_codec("openai-chat");
}

} // namespace

std::string attempt_log::text(std::uint32_t attempt) const {
  std::string all;
  for (const auto& m : parts)
    if (attempt == 0 || m.attempt.number == attempt)
      for (const auto& p : m.parts)
        if (const auto* t = std::get_if<part::text>(&p))
          all += t->bytes;
  return all;
}

// The text of the one attempt there is, or what is wrong with its batches.
std::string attempt_log::texts_without_gap() const {
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (parts[i].index != i)
      return "batch " + std::to_string(i) + " has index "
             + std::to_string(parts[i].index);
  return text();
}

void attempt_log::give_back() {
  while (given_back < parts.size()) {
    const auto& m = parts[given_back++];
    m.link->consumed(m.bytes);
  }
}

std::string_view staged_codec::api() const noexcept {
  return real_codec().api();
}

bool staged_codec::has_prefill(const endpoint& at,
                               std::string_view model) const noexcept {
  return real_codec().has_prefill(at, model);
}

expected<encoded_request> staged_codec::encode(const endpoint& at,
                                               std::string_view model,
                                               const prompt& what) const {
  if (on_encode)
    on_encode();
  if (refusal)
    return fail(*refusal);
  auto encoded = real_codec().encode(at, model, what);
  if (encoded)
    encoded->left_out.insert(encoded->left_out.end(), left_out.begin(),
                             left_out.end());
  return encoded;
}

std::unique_ptr<response_decoder>
staged_codec::make_decoder(std::string_view provider) const {
  if (on_make_decoder)
    on_make_decoder();
  return std::make_unique<staged_decoder>(real_codec().make_decoder(provider),
                                          on_push, decoders_);
}

attempt_world::attempt_world()
  : time(std::make_shared<virtual_clock>([this] { run(); })),
    http(std::make_shared<scripted_http_client>(*time, http_script{})),
    env(std::make_shared<attempt_environment>()) {
  env->resolve = [this](const std::string& name) { return resolve(name); };
  env->http = http;
  env->time = time;
  env->seed = 1;
  env->log = [this](const std::string& line) { log_lines.push_back(line); };
  workspace = caf_compat::spawn<workspace_protocol, workspace_probe>(
    system, heard, std::cref(codec));
  run();
}

attempt_world::~attempt_world() {
  caf_compat::post_exit(workspace);
  run();
}

void attempt_world::play(std::vector<http_answer> answers) {
  play(http_script{}.in_turn(std::move(answers)));
}

void attempt_world::play(http_script script) {
  http->change_script([&](http_script& s) { s = std::move(script); });
}

expected<resolved_model> attempt_world::resolve(const std::string& name) {
  if (const auto it = unresolved.find(name); it != unresolved.end())
    return fail(it->second);
  auto model = test_model(name);
  model.at.key = secret{std::string{planted_key_prefix} + model.at.provider};
  model.codec = &codec;
  if (const auto it = windows.find(name); it != windows.end())
    model.limits.context_tokens_max = it->second;
  return model;
}

std::shared_ptr<const prompt> attempt_world::question(std::string text) const {
  auto made = std::make_shared<prompt>();
  made->messages.push_back({role::user, {text_content{std::move(text)}}, {}});
  return made;
}

http_answer slow_answer(std::string_view words,
                        std::chrono::milliseconds between) {
  answer_pace pace;
  pace.between = between;
  return openai_chat_answer(scripted_turn{}.text(words), pace);
}

http_answer stalled_answer(std::string_view words) {
  auto answer = openai_chat_answer(scripted_turn{}.text(words).truncated());
  answer.ends = http_answer::ending::stall;
  return answer;
}

http_answer quick_answer(std::string_view words) {
  return openai_chat_answer(scripted_turn{}.text(words));
}

http_answer broken_answer(int status, header_list headers) {
  return error_answer("openai-chat", status, "", "as the test says",
                      std::move(headers));
}

} // namespace penstock::testing
