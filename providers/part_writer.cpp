#include "providers/part_writer.hpp"

#include "messages/footprint.hpp"
#include "messages/limits.hpp"
#include "providers/decoding.hpp"

#include <utility>

namespace penstock {

void part_writer::text(std::string_view delta, part_batch& out) {
  extend(kind::text, delta, out);
}

void part_writer::reasoning(std::string_view delta, part_batch& out) {
  extend(kind::reasoning, delta, out);
}

void part_writer::refusal(std::string_view delta, part_batch& out) {
  extend(kind::refusal, delta, out);
}

void part_writer::text(std::string_view delta, std::string signature,
                       part_batch& out) {
  if (signature.empty())
    return text(delta, out);
  signed_part(kind::text, delta, out);
  if (failure_)
    return;
  out.add(part::signature{key_, std::move(signature)});
  out.add(part::text_end{key_});
}

void part_writer::reasoning(std::string_view delta, std::string signature,
                            part_batch& out) {
  if (signature.empty())
    return reasoning(delta, out);
  signed_part(kind::reasoning, delta, out);
  if (!failure_)
    out.add(part::reasoning_end{key_, std::move(signature), {}, {}});
}

// Opens a part and writes all that it holds.
void part_writer::signed_part(kind what, std::string_view text,
                              part_batch& out) {
  close(out);
  open_ = what;
  key_ = new_key();
  put(joiner_.join(text), out);
  put(joiner_.finish(), out);
  open_ = kind::none;
}

void part_writer::extend(kind what, std::string_view delta, part_batch& out) {
  if (delta.empty() || failure_)
    return;
  if (open_ != what) {
    close(out);
    open_ = what;
    key_ = new_key();
  }
  put(joiner_.join(delta), out);
}

void part_writer::put(std::string_view bytes, part_batch& out) {
  footprint::note(footprint::place::writer, this, &failure_ + 1);
  if (!count(bytes.size()) || bytes.empty())
    return;
  if (open_ == kind::text)
    out.text(key_, bytes);
  else if (open_ == kind::reasoning)
    out.reasoning(key_, bytes);
  else
    out.refusal(key_, bytes);
}

void part_writer::sign(std::string_view signature, std::string item_id,
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

void part_writer::name(std::string item_id) {
  if (open_ == kind::reasoning)
    item_id_ = std::move(item_id);
}

void part_writer::sign_text(std::string signature, part_batch& out) {
  if (open_ == kind::text)
    out.add(part::signature{key_, std::move(signature)});
  else
    text({}, std::move(signature), out);
}

void part_writer::encrypted(std::string data, std::string item_id,
                            part_batch& out) {
  close(out);
  out.add(
    part::reasoning_end{new_key(), {}, std::move(data), std::move(item_id)});
}

void part_writer::close(part_batch& out) {
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

part_key part_writer::new_key() {
  if (next_key_ == limits::stream_parts_max)
    fail("stream_parts_max", limits::stream_parts_max);
  else
    ++next_key_;
  return next_key_ - 1;
}

bool part_writer::count(std::size_t bytes) {
  text_bytes_ += bytes;
  if (text_bytes_ > limits::stream_text_bytes_max)
    fail("stream_text_bytes_max", limits::stream_text_bytes_max);
  return !failure_;
}

void part_writer::fail(const char* limit, std::size_t max) {
  if (!failure_)
    failure_ = decoding::over_limit(limit, max);
}

} // namespace penstock
