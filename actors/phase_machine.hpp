// What the machines of stream and attempt are made of: a table with one cell
// for each phase and input, and whoever walks through it.
#pragma once

#include "messages/check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace penstock {

/// `go` moves to a phase (perhaps the same); `late` is a legal race, dropped in
/// silence; `never` is a bug in this program. `missing` is a cell that was
/// forgotten, which `has_every_cell` finds.
template <class Phase>
struct table_cell {
  enum class kind : std::uint8_t { missing, never, late, go };
  kind means = kind::missing;
  Phase to{}; ///< Only with `go`.
};

/// Of a table `cell[phase][input]`.
constexpr bool has_every_cell(const auto& table) {
  for (const auto& row : table)
    for (const auto& cell : row)
      if (cell.means == decltype(cell.means){})
        return false;
  return true;
}

/// Holds one phase, at first the one whose value is 0. Every change goes
/// through `apply`. A phase without a row is the end.
///
/// Threads: one owner. An input that cannot come is a failed check.
template <class Phase, class Input, const auto& Table>
class phase_machine {
  using table = std::remove_reference_t<decltype(Table)>;
  using kind = typename table_cell<Phase>::kind;
  static constexpr std::size_t rows = std::extent_v<table, 0>;
  static constexpr std::size_t columns = std::extent_v<table, 1>;

public:
  /// How often each cell was used; for tests that must reach them all.
  using counts = std::array<std::array<std::uint64_t, columns>, rows>;

  /// @param used may be null; else outlives this.
  explicit phase_machine(counts* used = nullptr) noexcept : used_(used) {}

  Phase now() const noexcept { return now_; }

  /// @returns whether the input counted; false means that it came too late.
  [[nodiscard]] bool apply(Input in) {
    const auto row = static_cast<std::size_t>(now_);
    const auto column = static_cast<std::size_t>(in);
    PENSTOCK_CHECK(row < rows);
    const auto& cell = Table[row][column];
    PENSTOCK_CHECK(cell.means > kind::never);
    if (used_)
      ++(*used_)[row][column];
    if (cell.means == kind::late)
      return false;
    now_ = cell.to;
    return true;
  }

  /// The same of an input that cannot come too late.
  void must(Input in) {
    const bool counted = apply(in);
    PENSTOCK_CHECK(counted);
  }

private:
  Phase now_{};
  counts* used_;
};

} // namespace penstock
