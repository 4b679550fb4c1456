// Bytes that never change, in one block of memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace penstock {

/// A string that is set once, in the room of a pointer: its length lies before
/// its bytes, and there is none to spare. An empty one has no block.
///
/// Threads: as a string.
class packed_block {
public:
  packed_block() = default;
  explicit packed_block(std::string_view bytes);
  packed_block(const packed_block& other) : packed_block(other.bytes()) {}
  packed_block(packed_block&&) noexcept = default;
  packed_block& operator=(packed_block other) noexcept {
    block_ = std::move(other.block_);
    return *this;
  }
  ~packed_block() = default;

  bool empty() const noexcept { return block_ == nullptr; }
  /// Lives as long as the block.
  std::string_view bytes() const noexcept;

private:
  /// The length, seven bits a byte and the low ones first; then the bytes.
  std::unique_ptr<char[]> block_;
};

} // namespace penstock
