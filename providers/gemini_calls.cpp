#include "providers/gemini_calls.hpp"

#include "messages/limits.hpp"
#include "providers/decoding.hpp"

#include <utility>

namespace penstock::gemini {

namespace {

bool goes_on(const json& value) {
  return member(value, "willContinue") == true;
}

// Whether more of the call is promised: by itself or by one of its values.
bool unfinished(const json& wire) {
  if (goes_on(wire))
    return true;
  const auto& values = member(wire, "partialArgs");
  if (values.is_array())
    for (const auto& value : values)
      if (goes_on(value))
        return true;
  return false;
}

} // namespace

void function_calls::take(const json& wire, const ordered_json* args,
                          std::string signature, part_writer& parts,
                          part_batch& out) {
  if (!wire.is_object() || failure_.code != errc::none)
    return;
  auto name = text_of(wire, "name");
  auto id = text_of(wire, "id");
  const bool same = open_ && !id.empty() && id == open_->id;
  if (name.empty() || same) {
    if (!open_)
      return; // The end of a call that had ended already.
    if (!signature.empty())
      open_->signature = std::move(signature);
    return grow(wire, out);
  }
  finish(false, out);
  parts.close(out);
  const auto key = parts.new_key();
  out.add(part::tool_start{key, id, std::move(name), {}, false});
  if (!unfinished(wire) && !member(wire, "partialArgs").is_array()) {
    auto input = args && !args->is_null() ? to_text(*args) : "{}";
    if (input.size() > limits::tool_input_bytes_max) {
      failure_ = decoding::over_limit("tool_input_bytes_max",
                                      limits::tool_input_bytes_max);
      return;
    }
    any_ = true;
    tell(key, input, out);
    out.add(part::tool_complete{key, std::move(input), std::move(signature),
                                std::move(id)});
    return;
  }
  open_.emplace(key, std::move(id), std::move(signature));
  grow(wire, out);
}

void function_calls::grow(const json& wire, part_batch& out) {
  std::string delta;
  if (const auto& whole = member(wire, "args"); whole.is_object())
    for (const auto& [name, value] : whole.items())
      open_->args.put(name, value, delta);
  if (const auto& values = member(wire, "partialArgs"); values.is_array())
    for (const auto& value : values)
      open_->args.take(value, delta);
  failure_ = open_->args.failure();
  if (failure_.code != errc::none)
    return;
  tell(open_->key, delta, out);
  if (!unfinished(wire))
    complete(out);
}

void function_calls::complete(part_batch& out) {
  std::string delta;
  auto input = open_->args.finish(delta);
  tell(open_->key, delta, out);
  out.add(part::tool_complete{open_->key, std::move(input),
                              std::move(open_->signature),
                              std::move(open_->id)});
  open_.reset();
  any_ = true;
}

void function_calls::finish(bool cut, part_batch& out) {
  if (!open_ || failure_.code != errc::none)
    return;
  if (cut || open_->args.pending() || open_->args.empty())
    open_.reset();
  else
    complete(out);
}

void function_calls::tell(part_key key, std::string_view delta,
                          part_batch& out) {
  if (!delta.empty())
    out.tool_input(key, delta);
}

} // namespace penstock::gemini
