#include "actors/packed_row.hpp"

#include "actors/packing.hpp"

namespace penstock {

packed_row::packed_row(const history_row& row)
  : sequence_(row.sequence), bytes_(packing::packed(row)) {}

history_row packed_row::unpack() const {
  auto row = packing::unpacked<history_row>(bytes_);
  row.sequence = sequence_;
  return row;
}

} // namespace penstock
