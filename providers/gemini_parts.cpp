#include "providers/gemini_parts.hpp"

#include "messages/limits.hpp"

#include <utility>

namespace penstock::gemini {

void part_writer::text(std::string_view delta, std::string signature,
                       part_batch& out) {
  if (signature.empty())
    return extend(kind::text, delta, out);
  signed_part(kind::text, delta, out);
  if (failure_.code != errc::none)
    return;
  out.add(part::signature{key_, std::move(signature)});
  out.add(part::text_end{key_});
}

void part_writer::reasoning(std::string_view delta, std::string signature,
                            part_batch& out) {
  if (signature.empty())
    return extend(kind::reasoning, delta, out);
  signed_part(kind::reasoning, delta, out);
  if (failure_.code == errc::none)
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

void part_writer::refusal(std::string_view delta, part_batch& out) {
  extend(kind::refusal, delta, out);
}

void part_writer::extend(kind what, std::string_view delta, part_batch& out) {
  if (delta.empty() || failure_.code != errc::none)
    return;
  if (open_ != what) {
    close(out);
    open_ = what;
    key_ = new_key();
  }
  put(joiner_.join(delta), out);
}

void part_writer::put(std::string_view bytes, part_batch& out) {
  if (!count(bytes.size()) || bytes.empty())
    return;
  if (open_ == kind::text)
    out.text(key_, bytes);
  else if (open_ == kind::reasoning)
    out.reasoning(key_, bytes);
  else
    out.refusal(key_, bytes);
}

void part_writer::close(part_batch& out) {
  if (open_ == kind::none)
    return;
  put(joiner_.finish(), out);
  const auto what = std::exchange(open_, kind::none);
  if (failure_.code != errc::none)
    return;
  if (what == kind::text)
    out.add(part::text_end{key_});
  else if (what == kind::reasoning)
    out.add(part::reasoning_end{key_, {}, {}, {}});
}

part_key part_writer::new_key() {
  if (next_key_ == limits::stream_parts_max)
    fail("stream_parts_max", limits::stream_parts_max);
  else
    ++next_key_;
  return next_key_ - 1;
}

bool part_writer::count(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits::stream_text_bytes_max)
    fail("stream_text_bytes_max", limits::stream_text_bytes_max);
  return failure_.code == errc::none;
}

void part_writer::fail(const char* limit, std::size_t max) {
  if (failure_.code != errc::none)
    return;
  failure_.code = errc::protocol;
  failure_.message =
    "answer exceeds " + std::string{limit} + " (" + std::to_string(max) + ")";
}

} // namespace penstock::gemini
