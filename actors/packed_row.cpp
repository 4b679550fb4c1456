#include "actors/packed_row.hpp"

#include "actors/packing.hpp"

namespace penstock {

packed_row::packed_row(const history_row& row) : bytes_(packing::packed(row)) {}

std::uint64_t packed_row::sequence() const {
  std::uint64_t sequence = 0;
  packing::reader{bytes_.bytes()}.all(sequence);
  return sequence;
}

history_row packed_row::unpack() const {
  return packing::unpacked<history_row>(bytes_.bytes());
}

} // namespace penstock
