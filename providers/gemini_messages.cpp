#include "providers/gemini_messages.hpp"

#include "providers/decoding.hpp"
#include "providers/encoding.hpp"
#include "providers/gemini_elements.hpp"
#include "providers/message_maker.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace penstock::gemini {

namespace {

using decoding::is_blank;

constexpr std::string_view lost_result =
  "\"There is no result: the call was interrupted.\"";
constexpr std::string_view lost_beginning =
  "(The beginning of this conversation is not shown.)";

std::string_view bare(std::string_view model) {
  constexpr std::string_view folder = "models/";
  return model.starts_with(folder) ? model.substr(folder.size()) : model;
}

struct turn {
  bool model = false;
  std::vector<ordered_json> parts;
};

/// A call of ours that awaits its response in the next turn.
struct open_call {
  std::string id, name, wire_id;
  ordered_json response; // null until the result came
};

class builder {
public:
  builder(const prompt& what, const endpoint& at, std::string_view model,
          const model_facts& facts, encoder_notes& left_out)
    : what_(what), at_(at), model_(bare(model)), facts_(facts),
      left_out_(left_out) {
    for (const auto& m : what.messages)
      for (const auto& part : m.parts)
        if (auto* r = std::get_if<tool_result_content>(&part);
            r && r->provider_executed)
          ++provider_results_[r->tool_call_id];
  }

  expected<void> add(std::size_t index) {
    const auto& m = what_.messages[index];
    if (m.from == role::assistant || m.from == role::user)
      close_calls();
    if (m.from == role::assistant) {
      const auto maker = maker_of(m.made_by);
      same_api_ = maker.is_at("google-gemini", at_.provider);
      same_model_ = same_api_ && bare(maker.model) == model_;
      needs_signature_ = facts_.signed_calls && !has_signed_call(m);
      runs_.clear();
    }
    for (const auto& part : m.parts)
      if (auto done =
            std::visit([&](const auto& p) { return add(m.from, p); }, part);
          !done)
        return fail(errc::invalid_request, "messages[" + std::to_string(index)
                                             + "]: " + done.error().message);
    return {};
  }

  conversation finish();

private:
  expected<void> add(role from, const text_content& p);
  expected<void> add(role from, const reasoning_content& p);
  expected<void> add(role from, const refusal_content& p);
  expected<void> add(role from, const file_content& p);
  expected<void> add(role from, const tool_call_content& p);
  expected<void> add(role from, const tool_result_content& p);

  bool has_signed_call(const message& m) const;
  void put(role from, ordered_json part, const std::string& signature = {});
  void add_provider_call(const tool_call_content& p);
  void add_provider_result(const tool_result_content& p);
  expected<void> add_result(const tool_result_content& p);
  void close_calls();
  void note_once(std::string text);

  const prompt& what_;
  const endpoint& at_;
  std::string_view model_;
  const model_facts& facts_;
  encoder_notes& left_out_;
  std::map<std::string, int> provider_results_; // how many have this call id
  std::vector<std::pair<std::string, std::string>> runs_; // id, kind: no result
  std::vector<open_call> open_calls_; // of the last turn of the model
  std::vector<ordered_json> behind_;  // what follows their responses
  std::vector<turn> turns_;
  std::string system_;
  // Of the message that is being added:
  bool same_api_ = false, same_model_ = false; // as who made it
  bool needs_signature_ = false;               // its first call does
};

bool builder::has_signed_call(const message& m) const {
  return same_model_
         && std::any_of(m.parts.begin(), m.parts.end(), [](const content& p) {
              auto* call = std::get_if<tool_call_content>(&p);
              return call && !call->provider_executed
                     && !call->signature.empty();
            });
}

void builder::put(role from, ordered_json part, const std::string& signature) {
  const bool model = from == role::assistant;
  if (model && same_model_ && !signature.empty())
    part["thoughtSignature"] = signature;
  if (turns_.empty() || turns_.back().model != model)
    turns_.push_back({model, {}});
  turns_.back().parts.push_back(std::move(part));
}

void builder::note_once(std::string text) {
  if (std::find(left_out_.begin(), left_out_.end(), text) == left_out_.end())
    left_out_.push_back(std::move(text));
}

expected<void> builder::add(role from, const text_content& p) {
  if (from == role::system) {
    if (!is_blank(p.text))
      system_ += (system_.empty() ? "" : "\n\n") + p.text;
  } else if (!p.text.empty()
             || (from == role::assistant && same_model_
                 && !p.signature.empty())) {
    put(from == role::tool ? role::user : from, text_part(p.text), p.signature);
  }
  return {};
}

expected<void> builder::add(role from, const reasoning_content& p) {
  if (from != role::assistant || !same_model_
      || (p.text.empty() && p.signature.empty()))
    return {};
  auto part = text_part(p.text);
  part["thought"] = true;
  put(from, std::move(part), p.signature);
  return {};
}

expected<void> builder::add(role from, const refusal_content& p) {
  return add(from, text_content{p.text, {}});
}

expected<void> builder::add(role from, const file_content& p) {
  auto part = file_part(p);
  if (!part)
    return fail(part.error());
  put(from == role::assistant ? from : role::user, std::move(*part),
      p.signature);
  return {};
}

expected<void> builder::add(role from, const tool_call_content& p) {
  if (from != role::assistant)
    return fail(errc::invalid_request, "a tool call of no assistant");
  if (p.provider_executed) {
    add_provider_call(p);
    return {};
  }
  const bool with_id = same_api_ && !p.item_id.empty();
  auto part = call_part(p, with_id);
  if (std::exchange(needs_signature_, false))
    part["thoughtSignature"] = no_signature;
  put(from, std::move(part), p.signature);
  open_calls_.push_back({p.id, p.name, with_id ? p.item_id : "", nullptr});
  return {};
}

// The id is ours where the wire had none, and its result has none then: the
// two stand beside each other.
void builder::add_provider_call(const tool_call_content& p) {
  auto part = same_api_ ? provider_call_part(p) : ordered_json();
  if (part.is_null())
    return note_once("a tool call that another API ran");
  for (const auto* id : {&p.id, &p.item_id})
    if (const auto result = provider_results_.find(*id);
        result != provider_results_.end() && result->second > 0) {
      --result->second;
      runs_.emplace_back(*id, p.kind);
      return put(role::assistant, std::move(part), p.signature);
    }
}

void builder::add_provider_result(const tool_result_content& p) {
  const auto run =
    std::find_if(runs_.rbegin(), runs_.rend(),
                 [&](const auto& r) { return r.first == p.tool_call_id; });
  if (!same_api_ || run == runs_.rend())
    return note_once("the result of a tool that another API ran");
  std::string signature;
  auto part = provider_result_part(p, run->second, signature);
  runs_.erase(std::next(run).base());
  if (!part.is_null())
    put(role::assistant, std::move(part), signature);
}

expected<void> builder::add(role, const tool_result_content& p) {
  if (!p.provider_executed)
    return add_result(p);
  add_provider_result(p);
  return {};
}

expected<void> builder::add_result(const tool_result_content& p) {
  const auto call = std::find_if(
    open_calls_.begin(), open_calls_.end(), [&](const open_call& c) {
      return c.id == p.tool_call_id && c.response.is_null();
    });
  const bool known = call != open_calls_.end();
  auto inside = ordered_json::array(); // files within the response
  std::vector<ordered_json> outside;
  for (const auto& file : p.files) {
    auto part = file_part(file);
    if (!part)
      return fail(part.error());
    if (known && facts_.files_in_results && part->contains("inlineData"))
      inside.push_back(std::move(*part));
    else
      outside.push_back(std::move(*part));
  }
  if (known) {
    auto part = response_part(p, call->name, call->wire_id);
    if (!inside.empty())
      part["functionResponse"]["parts"] = std::move(inside);
    call->response = std::move(part);
  } else {
    behind_.push_back(
      text_part("Result of the tool " + p.tool_name + ": " + p.output_json));
  }
  if (!outside.empty())
    behind_.push_back(
      text_part("Files that the tool " + p.tool_name + " returned:"));
  std::move(outside.begin(), outside.end(), std::back_inserter(behind_));
  return {};
}

// Before anyone speaks again each call has a response.
void builder::close_calls() {
  for (auto& call : std::exchange(open_calls_, {})) {
    if (call.response.is_null())
      call.response = response_part(
        {call.id, call.name, std::string{lost_result}, true, false, {}},
        call.name, call.wire_id);
    put(role::user, std::move(call.response));
  }
  for (auto& part : std::exchange(behind_, {}))
    put(role::user, std::move(part));
}

conversation builder::finish() {
  close_calls();
  conversation done;
  if (turns_.empty())
    return done;
  if (turns_.front().model)
    turns_.insert(turns_.begin(), {false, {text_part(lost_beginning)}});
  if (turns_.back().model)
    turns_.push_back({false, {text_part(encoding::continue_instruction)}});
  done.system = std::move(system_);
  for (auto& t : turns_) {
    auto parts = ordered_json::array();
    for (auto& part : t.parts)
      parts.push_back(std::move(part));
    done.contents.push_back(
      {{"role", t.model ? "model" : "user"}, {"parts", std::move(parts)}});
  }
  return done;
}

} // namespace

expected<conversation> to_conversation(const prompt& what, const endpoint& at,
                                       std::string_view model,
                                       const model_facts& facts,
                                       encoder_notes& left_out) {
  builder talk{what, at, model, facts, left_out};
  for (std::size_t i = 0; i < what.messages.size(); ++i)
    if (auto added = talk.add(i); !added)
      return fail(added.error());
  auto done = talk.finish();
  if (done.contents.empty())
    return fail(errc::invalid_request, "no message holds anything to send");
  if (!is_blank(what.system))
    done.system =
      done.system.empty() ? what.system : what.system + "\n\n" + done.system;
  if (!facts.system && !done.system.empty()) {
    auto& first = done.contents.front()["parts"];
    first.insert(first.begin(), text_part(std::exchange(done.system, {})));
  }
  return done;
}

} // namespace penstock::gemini
