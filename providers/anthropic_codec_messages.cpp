#include "providers/anthropic_codec_messages.hpp"

#include "providers/anthropic_codec_blocks.hpp"
#include "providers/anthropic_codec_models.hpp"
#include "providers/encoding.hpp"
#include "providers/message_maker.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace penstock::anthropic {

namespace {

constexpr std::string_view lost_result =
  "There is no result: the call was interrupted.";
constexpr std::string_view lost_beginning =
  "(The beginning of this conversation is not shown.)";
bool has_type(const ordered_json& block, std::string_view type) {
  return block.at("type") == type;
}

bool is_reasoning(const ordered_json& block) {
  return has_type(block, "thinking") || has_type(block, "redacted_thinking");
}

ordered_json thinking_block(const std::string& text,
                            const std::string& signature) {
  return {{"type", "thinking"}, {"thinking", text}, {"signature", signature}};
}

// What the API runs itself: server_tool_use, mcp_tool_use and their results,
// and the compaction of what came before.
bool is_server_block(const ordered_json& block) {
  const auto& type = block.at("type").get_ref<const std::string&>();
  return type.ends_with("_tool_use") || type.ends_with("_tool_result")
         || type == "compaction";
}

// It parts what two models said, and says nothing itself.
bool is_fallback(const ordered_json& block) {
  return has_type(block, "fallback");
}

struct turn {
  role from;
  std::vector<ordered_json> results; // of a user, before all else
  std::vector<ordered_json> blocks;
  bool foreign = false; // holds what another API's model said
};

// A tool that must be called excludes thinking, see add_thinking.
bool may_think(const prompt& what) {
  return what.thinking != thinking_level::off
         && !what.tool_choice.forces_a_call();
}

// A call of ours that awaits its result in the next turn.
struct open_call {
  std::string id, wire_id;
};

class conversation_builder {
public:
  conversation_builder(const prompt& what, const endpoint& at,
                       std::string_view model, encoder_notes& left_out)
    : what_(what), at_(at), model_(model), left_out_(left_out),
      wants_thoughts_(facts_of(model).thought_in_answers && may_think(what)) {
    for (const auto& m : what.messages)
      for (const auto& part : m.parts)
        if (auto* r = std::get_if<tool_result_content>(&part);
            r && r->provider_executed)
          (whole_block(*r).is_null() ? server_results_ : whole_blocks_)
            .insert(r->tool_call_id);
  }

  expected<void> add(std::size_t index) {
    const auto& m = what_.messages[index];
    awaited_ =
      std::all_of(what_.messages.begin() + index + 1, what_.messages.end(),
                  [](const auto& n) { return n.from == role::tool; });
    if (m.from == role::user)
      container_.clear(); // It may be gone by now, and nothing awaits it.
    if (m.from == role::assistant) {
      close_calls();
      const auto maker = maker_of(m.made_by);
      same_api_ = maker.is_at("anthropic-messages", at_.provider);
      same_model_ = same_api_ && maker.model == model_;
    }
    for (const auto& part : m.parts) {
      auto done =
        std::visit([&](const auto& p) { return add(m.from, p); }, part);
      if (!done)
        return fail(errc::invalid_request, "messages[" + std::to_string(index)
                                             + "]: " + done.error().message);
    }
    return {};
  }

  conversation finish(bool may_prefill);

private:
  expected<void> add(role from, const text_content& p);
  expected<void> add(role from, const reasoning_content& p);
  expected<void> add(role from, const refusal_content& p);
  expected<void> add(role from, const file_content& p);
  expected<void> add(role from, const tool_call_content& p);
  expected<void> add(role from, const tool_result_content& p);

  void add_result(const tool_result_content& p);
  void add_server_result(const tool_result_content& p);
  void close_calls();
  std::string free_id(const std::string& id);
  turn& turn_of(role from);
  void note_once(std::string text);
  void settle_turns();
  bool settle_end(bool may_prefill);

  const prompt& what_;
  const endpoint& at_;
  const std::string_view model_;
  encoder_notes& left_out_;
  const bool wants_thoughts_;            // each answer must hold one
  std::set<std::string> server_results_; // ids that have a result somewhere
  std::set<std::string> whole_blocks_;   // ditto, but of no tool
  std::set<std::string> server_calls_;   // ids whose call was sent
  std::set<std::string> ids_;            // of tool_use, all of them
  std::vector<open_call> open_calls_;    // of the last assistant turn
  std::vector<turn> turns_;
  std::string system_;
  std::string container_;                      // of the turn under way
  bool same_api_ = false, same_model_ = false; // as who made the message
  bool awaited_ = false; // what the API runs may still give its result
};

turn& conversation_builder::turn_of(role from) {
  if (turns_.empty() || turns_.back().from != from)
    turns_.push_back({from, {}, {}});
  if (from == role::assistant && !same_api_)
    turns_.back().foreign = true;
  return turns_.back();
}

void conversation_builder::note_once(std::string text) {
  if (std::find(left_out_.begin(), left_out_.end(), text) == left_out_.end())
    left_out_.push_back(std::move(text));
}

expected<void> conversation_builder::add(role from, const text_content& p) {
  if (is_blank(p.text))
    return {};
  if (from == role::system)
    system_ += (system_.empty() ? "" : "\n\n") + p.text;
  else
    turn_of(from == role::assistant ? role::assistant : role::user)
      .blocks.push_back(from == role::assistant && same_api_
                          ? cited_text_block(p)
                          : text_block(p.text));
  return {};
}

// Unsigned reasoning is either cut or of another model: the API takes neither.
// But some of its relatives do not sign.
expected<void> conversation_builder::add(role from,
                                         const reasoning_content& p) {
  if (from != role::assistant || !same_model_)
    return {};
  if (!p.signature.empty() || (wants_thoughts_ && !is_blank(p.text)))
    turn_of(from).blocks.push_back(thinking_block(p.text, p.signature));
  else if (!p.encrypted.empty())
    turn_of(from).blocks.push_back(
      {{"type", "redacted_thinking"}, {"data", p.encrypted}});
  return {};
}

expected<void> conversation_builder::add(role from, const refusal_content& p) {
  return add(from, text_content{p.text});
}

expected<void> conversation_builder::add(role from, const file_content& p) {
  if (from == role::assistant) {
    note_once("a file that a model made; an assistant's turn holds none");
    return {};
  }
  auto block = file_block(p);
  if (!block)
    return fail(block.error());
  turn_of(role::user).blocks.push_back(std::move(*block));
  return {};
}

// Ids that are taken, or that another API made with other characters, are
// replaced: the API wants [A-Za-z0-9_-]+, and each id once.
std::string conversation_builder::free_id(const std::string& id) {
  std::string clean;
  for (char c : id)
    clean += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
  if (clean.empty())
    clean = "call";
  auto unique = clean;
  for (int n = 2; !ids_.insert(unique).second; ++n)
    unique = clean + "_" + std::to_string(n);
  return unique;
}

expected<void> conversation_builder::add(role from,
                                         const tool_call_content& p) {
  if (from != role::assistant)
    return fail(errc::invalid_request, "a tool call of no assistant");
  if (!p.provider_executed) {
    auto call = p;
    call.id = free_id(p.id);
    for (char& c : call.name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-')
        c = '_';
    if (!same_api_)
      call.item_id.clear();
    open_calls_.push_back({p.id, call.id});
    turn_of(from).blocks.push_back(tool_use_block(call));
  } else if (whole_blocks_.contains(p.id)) {
    return {}; // Nobody called: the result is all there is.
  } else if (!same_api_) {
    note_once("a tool call that another API ran");
  } else if (server_results_.contains(p.id) || awaited_) {
    server_calls_.insert(p.id);
    turn_of(from).blocks.push_back(server_call_block(p));
  }
  return {};
}

expected<void> conversation_builder::add(role, const tool_result_content& p) {
  if (p.provider_executed)
    add_server_result(p);
  else
    add_result(p);
  return {};
}

void conversation_builder::add_server_result(const tool_result_content& p) {
  auto block = same_api_ ? whole_block(p) : ordered_json();
  if (!block.is_null()) {
    if (!has_type(block, "container"))
      turn_of(role::assistant).blocks.push_back(std::move(block));
    else if (const auto id = block.find("id");
             id != block.end() && id->is_string())
      container_ = id->get<std::string>();
    return;
  }
  block = same_api_ ? server_result_block(p) : ordered_json();
  if (!block.is_null() && server_calls_.contains(p.tool_call_id))
    turn_of(role::assistant).blocks.push_back(std::move(block));
  else
    note_once("the result of a tool that another API ran");
}

void conversation_builder::add_result(const tool_result_content& p) {
  auto content = result_content(p, left_out_);
  const auto call =
    std::find_if(open_calls_.begin(), open_calls_.end(),
                 [&](const open_call& c) { return c.id == p.tool_call_id; });
  auto& user = turn_of(role::user);
  if (call == open_calls_.end()) {
    user.blocks.push_back(
      text_block("Result of the tool " + p.tool_name + ":"));
    for (auto& block : content)
      user.blocks.push_back(std::move(block));
    return;
  }
  if (p.is_error)
    leave_text_only(content, p, user.blocks);
  ordered_json block{{"type", "tool_result"}, {"tool_use_id", call->wire_id}};
  if (!content.empty())
    block["content"] = std::move(content);
  if (p.is_error)
    block["is_error"] = true;
  user.results.push_back(std::move(block));
  open_calls_.erase(call);
}

// Before the model speaks again, each of its calls has a result.
void conversation_builder::close_calls() {
  for (const auto& call : std::exchange(open_calls_, {}))
    turn_of(role::user)
      .results.push_back(
        {{"type", "tool_result"},
         {"tool_use_id", call.wire_id},
         {"content", ordered_json::array({text_block(lost_result)})},
         {"is_error", true}});
}

// Other APIs let text follow a call; here the calls come last, and reasoning
// keeps its place before what it led to.
void put_calls_last(std::vector<ordered_json>& blocks) {
  for (auto begin = blocks.begin(); begin != blocks.end();) {
    const auto end = std::find_if(begin, blocks.end(), is_reasoning);
    std::stable_partition(begin, end, [](const ordered_json& b) {
      return !has_type(b, "tool_use");
    });
    begin = std::find_if_not(end, blocks.end(), is_reasoning);
  }
}

// Turns that came out empty go, and their neighbours merge.
void conversation_builder::settle_turns() {
  std::vector<turn> settled;
  for (auto& t : turns_) {
    if (t.foreign)
      put_calls_last(t.blocks);
    // Reasoning that led to nothing is refused as the end of a turn.
    while (!t.blocks.empty() && is_reasoning(t.blocks.back()))
      t.blocks.pop_back();
    if (std::all_of(t.blocks.begin(), t.blocks.end(), is_fallback))
      t.blocks.clear();
    if (wants_thoughts_ && t.from == role::assistant && !t.blocks.empty()
        && std::none_of(t.blocks.begin(), t.blocks.end(), is_reasoning))
      t.blocks.insert(t.blocks.begin(), thinking_block(" ", ""));
    if (t.results.empty() && t.blocks.empty())
      continue;
    if (settled.empty() || settled.back().from != t.from) {
      settled.push_back(std::move(t));
      continue;
    }
    auto& before = settled.back();
    std::move(t.results.begin(), t.results.end(),
              std::back_inserter(before.results));
    std::move(t.blocks.begin(), t.blocks.end(),
              std::back_inserter(before.blocks));
  }
  if (!settled.empty() && settled.front().from == role::assistant)
    settled.insert(settled.begin(),
                   {role::user, {}, {text_block(lost_beginning)}});
  turns_ = std::move(settled);
}

// @returns whether the last turn is a prefill.
bool conversation_builder::settle_end(bool may_prefill) {
  if (turns_.empty() || turns_.back().from != role::assistant)
    return false;
  auto& blocks = turns_.back().blocks;
  if (is_server_block(blocks.back()))
    return false; // a paused turn goes back as it is
  if (!may_prefill) {
    turns_.push_back(
      {role::user, {}, {text_block(encoding::continue_instruction)}});
    return false;
  }
  // A prefill excludes thinking, and must not end in white space.
  std::erase_if(blocks, is_reasoning);
  if (has_type(blocks.back(), "text")) {
    auto& text = blocks.back()["text"].get_ref<std::string&>();
    text.erase(text.find_last_not_of(" \t\r\n\f\v") + 1);
  }
  return true;
}

conversation conversation_builder::finish(bool may_prefill) {
  close_calls();
  settle_turns();
  conversation done;
  done.prefill = settle_end(may_prefill);
  done.system = std::move(system_);
  done.container = std::move(container_);
  for (auto& t : turns_) {
    auto content = ordered_json::array();
    for (auto* list : {&t.results, &t.blocks})
      for (auto& block : *list)
        content.push_back(std::move(block));
    done.turns.push_back(
      {{"role", t.from == role::assistant ? "assistant" : "user"},
       {"content", std::move(content)}});
  }
  return done;
}

} // namespace

expected<conversation> to_conversation(const prompt& what, const endpoint& at,
                                       std::string_view model, bool may_prefill,
                                       encoder_notes& left_out) {
  conversation_builder builder{what, at, model, left_out};
  for (std::size_t i = 0; i < what.messages.size(); ++i)
    if (auto added = builder.add(i); !added)
      return fail(added.error());
  auto done = builder.finish(may_prefill);
  if (done.turns.empty())
    return fail(errc::invalid_request, "messages must not be empty");
  if (!is_blank(what.system))
    done.system =
      done.system.empty() ? what.system : what.system + "\n\n" + done.system;
  return done;
}

} // namespace penstock::anthropic
