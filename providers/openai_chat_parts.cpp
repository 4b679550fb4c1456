#include "providers/openai_chat_parts.hpp"

#include "messages/limits.hpp"

#include <utility>

namespace penstock {

void openai_chat_parts::text(std::string_view delta, part_batch& out) {
  extend(kind::text, delta, out);
}

void openai_chat_parts::reasoning(std::string_view delta, part_batch& out) {
  extend(kind::reasoning, delta, out);
}

void openai_chat_parts::refusal(std::string_view delta, part_batch& out) {
  extend(kind::refusal, delta, out);
}

void openai_chat_parts::extend(kind what, std::string_view delta,
                               part_batch& out) {
  if (delta.empty() || failure_.code != errc::none)
    return;
  if (open_ != what) {
    close(out);
    open_ = what;
    key_ = new_key();
  }
  put(joiner_.join(delta), out);
}

void openai_chat_parts::put(std::string_view bytes, part_batch& out) {
  text_bytes_ += bytes.size();
  if (text_bytes_ > limits::stream_text_bytes_max)
    fail("stream_text_bytes_max", limits::stream_text_bytes_max);
  if (failure_.code != errc::none)
    return;
  if (open_ == kind::text)
    out.text(key_, bytes);
  else if (open_ == kind::reasoning)
    out.reasoning(key_, bytes);
  else
    out.refusal(key_, bytes);
}

void openai_chat_parts::sign(std::string_view signature, std::string item_id,
                             part_batch& out) {
  if (open_ == kind::reasoning) {
    if (!signature_.empty()) { // Two blocks that nothing parted.
      close(out);
      return sign(signature, std::move(item_id), out);
    }
    signature_ = clean_utf8(signature);
    item_id_ = std::move(item_id);
  } else if (reasoned_) {
    out.add(part::signature{reasoning_key_, clean_utf8(signature)});
  } else {
    reasoning_key_ = new_key();
    reasoned_ = true;
    out.add(part::reasoning_end{
      reasoning_key_, clean_utf8(signature), {}, std::move(item_id)});
  }
}

void openai_chat_parts::encrypted(std::string data, std::string item_id,
                                  part_batch& out) {
  close(out);
  out.add(
    part::reasoning_end{new_key(), {}, std::move(data), std::move(item_id)});
}

void openai_chat_parts::close(part_batch& out) {
  if (open_ == kind::none)
    return;
  put(joiner_.finish(), out);
  const auto what = std::exchange(open_, kind::none);
  if (what == kind::text) {
    out.add(part::text_end{key_});
  } else if (what == kind::reasoning) {
    out.add(part::reasoning_end{
      key_, std::exchange(signature_, {}), {}, std::exchange(item_id_, {})});
    reasoning_key_ = key_;
    reasoned_ = true;
  }
}

part_key openai_chat_parts::new_key() {
  if (next_key_ == limits::stream_parts_max)
    fail("stream_parts_max", limits::stream_parts_max);
  else
    ++next_key_;
  return next_key_ - 1;
}

void openai_chat_parts::fail(const char* limit, std::size_t max) {
  if (failure_.code != errc::none)
    return;
  failure_.code = errc::protocol;
  failure_.message =
    "answer exceeds " + std::string{limit} + " (" + std::to_string(max) + ")";
}

} // namespace penstock
