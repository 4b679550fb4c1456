// Goal: a workspace's phase changes as the contract says, and in no other way.
// Method: every cell against a list of what counts and what comes late, and
// walks through the lives that a stream can have.
#define BOOST_TEST_MODULE stream_machine
#include <boost/test/unit_test.hpp>

#include "actors/stream_machine.hpp"
#include "tests/support/printed.hpp"

#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace penstock;

namespace {

using kind = cell::kind;

phase phase_of(std::size_t row) {
  return static_cast<phase>(row);
}
input input_of(std::size_t column) {
  return static_cast<input>(column);
}
const cell& at(phase p, input in) {
  return table::transition[static_cast<std::size_t>(p)]
                          [static_cast<std::size_t>(in)];
}
std::string named(phase p, input in) {
  return std::string{to_string(p)} + " + " + std::string{to_string(in)};
}

using moves = std::map<std::pair<phase, input>, phase>;
using places = std::set<std::pair<phase, input>>;

/// Written from the contract, phase by phase, apart from the table.
const moves& expected_moves() {
  using enum phase;
  using in = input;
  static const moves all{
    {{idle, in::start}, preparing},
    {{idle, in::stop}, idle},
    {{idle, in::soft_stop}, idle},
    {{idle, in::quiet}, idle},

    {{preparing, in::start}, preparing},
    {{preparing, in::registered}, streaming},
    {{preparing, in::refused}, idle},
    {{preparing, in::stop}, idle},
    {{preparing, in::soft_stop}, idle},

    {{streaming, in::start}, stopping},
    {{streaming, in::part}, streaming},
    {{streaming, in::attempt_started}, streaming},
    {{streaming, in::retry_granted}, retry_wait},
    {{streaming, in::defeated}, finalizing},
    {{streaming, in::calls_made}, tool_running},
    {{streaming, in::next_step}, streaming},
    {{streaming, in::answered}, finalizing},
    {{streaming, in::fault}, stopping},
    {{streaming, in::stop}, stopping},
    {{streaming, in::soft_stop}, streaming},
    {{streaming, in::boundary}, stopping},

    {{tool_running, in::start}, stopping},
    {{tool_running, in::next_step}, streaming},
    {{tool_running, in::answered}, finalizing},
    {{tool_running, in::fault}, stopping},
    {{tool_running, in::stop}, stopping},
    {{tool_running, in::soft_stop}, tool_running},
    {{tool_running, in::boundary}, stopping},

    {{retry_wait, in::start}, stopping},
    {{retry_wait, in::part}, streaming},
    {{retry_wait, in::attempt_started}, streaming},
    {{retry_wait, in::retry_granted}, retry_wait},
    {{retry_wait, in::defeated}, finalizing},
    {{retry_wait, in::fault}, stopping},
    {{retry_wait, in::stop}, stopping},
    {{retry_wait, in::soft_stop}, stopping},

    {{stopping, in::start}, stopping},
    {{stopping, in::stop}, stopping},
    {{stopping, in::soft_stop}, stopping},
    {{stopping, in::workers_gone}, finalizing},

    {{finalizing, in::start}, finalizing},
    {{finalizing, in::stop}, finalizing},
    {{finalizing, in::soft_stop}, finalizing},
    {{finalizing, in::closed}, idle},
  };
  return all;
}

const places& expected_late() {
  using enum phase;
  using in = input;
  static const places all{
    {preparing, in::quiet},
    {streaming, in::quiet},
    {tool_running, in::part},
    {tool_running, in::attempt_started},
    {tool_running, in::quiet},
    {retry_wait, in::quiet},
    {stopping, in::part},
    {stopping, in::attempt_started},
    {stopping, in::retry_granted},
    {stopping, in::defeated},
    {stopping, in::calls_made},
    {stopping, in::fault},
    {stopping, in::quiet},
    {finalizing, in::part},
    {finalizing, in::attempt_started},
    {finalizing, in::fault},
    {finalizing, in::quiet},
  };
  return all;
}

/// The inputs that lead from `idle` to each phase, the shortest way.
std::map<phase, std::vector<input>> ways() {
  std::map<phase, std::vector<input>> found{{phase::idle, {}}};
  std::deque<phase> open{phase::idle};
  for (; !open.empty(); open.pop_front())
    for (std::size_t column = 0; column < input_count; ++column) {
      const auto& c = at(open.front(), input_of(column));
      if (c.means != kind::go || found.contains(c.to))
        continue;
      auto way = found[open.front()];
      way.push_back(input_of(column));
      found[c.to] = std::move(way);
      open.push_back(c.to);
    }
  return found;
}

/// A workspace that is followed step by step.
struct life {
  stream_machine machine{};

  life& then(input in, phase expected) {
    const auto before = machine.now();
    BOOST_TEST(machine.apply(in), named(before, in));
    BOOST_TEST(machine.now() == expected, named(before, in));
    return *this;
  }
  life& too_late(input in) {
    const auto before = machine.now();
    BOOST_TEST(!machine.apply(in), named(before, in));
    BOOST_TEST(machine.now() == before, named(before, in));
    return *this;
  }
  life& begins() {
    return then(input::start, phase::preparing)
      .then(input::registered, phase::streaming)
      .then(input::attempt_started, phase::streaming)
      .then(input::part, phase::streaming);
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(every_cell_is_decided) {
  std::size_t go = 0, late = 0, never = 0;
  for (std::size_t row = 0; row < phase_count; ++row)
    for (std::size_t column = 0; column < input_count; ++column) {
      const auto p = phase_of(row);
      const auto in = input_of(column);
      const auto& c = at(p, in);
      const auto move = expected_moves().find({p, in});
      const auto wanted = move != expected_moves().end()      ? kind::go
                          : expected_late().contains({p, in}) ? kind::late
                                                              : kind::never;
      BOOST_TEST((c.means == wanted), named(p, in));
      if (c.means == kind::go && wanted == kind::go)
        BOOST_TEST(c.to == move->second, named(p, in));
      ++(c.means == kind::go ? go : c.means == kind::late ? late : never);
    }
  BOOST_TEST(go == expected_moves().size());
  BOOST_TEST(late == expected_late().size());
  BOOST_TEST(never == 58u);
  BOOST_TEST(go + late + never == phase_count * input_count);
}

BOOST_AUTO_TEST_CASE(every_phase_can_be_reached) {
  BOOST_TEST(ways().size() == phase_count);
}

BOOST_AUTO_TEST_CASE(apply_does_what_the_table_says_and_counts_it) {
  const auto all = ways();
  for (const auto& [p, way] : all)
    for (std::size_t column = 0; column < input_count; ++column) {
      const auto in = input_of(column);
      const auto& c = at(p, in);
      if (c.means == kind::never)
        continue;
      transition_counts counts{};
      stream_machine machine{&counts};
      for (const auto step : way)
        BOOST_TEST_REQUIRE(machine.apply(step));
      BOOST_TEST_REQUIRE(machine.now() == p);
      const auto before = counts[static_cast<std::size_t>(p)][column];
      BOOST_TEST(machine.apply(in) == (c.means == kind::go), named(p, in));
      BOOST_TEST(machine.now() == (c.means == kind::go ? c.to : p),
                 named(p, in));
      BOOST_TEST(counts[static_cast<std::size_t>(p)][column] == before + 1);
    }
}

BOOST_AUTO_TEST_CASE(a_start_and_a_stop_are_taken_in_every_phase) {
  for (std::size_t row = 0; row < phase_count; ++row)
    for (const auto in : {input::start, input::stop, input::soft_stop})
      BOOST_TEST((at(phase_of(row), in).means == kind::go),
                 named(phase_of(row), in));
}

BOOST_AUTO_TEST_CASE(a_registered_stream_goes_idle_by_its_record_alone) {
  for (const auto p : {phase::streaming, phase::tool_running, phase::retry_wait,
                       phase::stopping, phase::finalizing})
    for (std::size_t column = 0; column < input_count; ++column) {
      const auto in = input_of(column);
      const bool ends =
        at(p, in).means == kind::go && at(p, in).to == phase::idle;
      BOOST_TEST(ends == (p == phase::finalizing && in == input::closed),
                 named(p, in));
    }
}

BOOST_AUTO_TEST_CASE(an_end_that_is_decided_stays_decided) {
  for (std::size_t column = 0; column < input_count; ++column) {
    const auto in = input_of(column);
    if (const auto& c = at(phase::stopping, in); c.means == kind::go)
      BOOST_TEST((c.to == phase::stopping || c.to == phase::finalizing));
    if (const auto& c = at(phase::finalizing, in); c.means == kind::go)
      BOOST_TEST((c.to == phase::finalizing || c.to == phase::idle));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_with_tools) {
  life{}
    .begins()
    .then(input::calls_made, phase::tool_running)
    .too_late(input::part)
    .too_late(input::quiet)
    .then(input::next_step, phase::streaming)
    .then(input::answered, phase::finalizing)
    .too_late(input::part)
    .then(input::closed, phase::idle)
    .then(input::quiet, phase::idle)
    .then(input::start, phase::preparing);
}

BOOST_AUTO_TEST_CASE(retries_until_defeat) {
  life{}
    .begins()
    .then(input::retry_granted, phase::retry_wait)
    .then(input::retry_granted, phase::retry_wait)
    .then(input::attempt_started, phase::streaming)
    .then(input::retry_granted, phase::retry_wait)
    .then(input::defeated, phase::finalizing)
    .then(input::closed, phase::idle);
}

BOOST_AUTO_TEST_CASE(a_stop_waits_for_the_workers) {
  life{}
    .begins()
    .then(input::stop, phase::stopping)
    .too_late(input::part)
    .too_late(input::calls_made)
    .too_late(input::retry_granted)
    .too_late(input::defeated)
    .then(input::stop, phase::stopping)
    .then(input::workers_gone, phase::finalizing)
    .then(input::stop, phase::finalizing)
    .then(input::closed, phase::idle);
}

BOOST_AUTO_TEST_CASE(a_soft_stop_waits_for_the_boundary_but_not_for_a_retry) {
  life{}
    .begins()
    .then(input::soft_stop, phase::streaming)
    .then(input::part, phase::streaming)
    .then(input::boundary, phase::stopping);
  life{}
    .begins()
    .then(input::retry_granted, phase::retry_wait)
    .then(input::soft_stop, phase::stopping);
}

BOOST_AUTO_TEST_CASE(what_was_not_registered_ends_without_a_record) {
  for (const auto in : {input::refused, input::stop, input::soft_stop})
    life{}.then(input::start, phase::preparing).then(in, phase::idle);
}

BOOST_AUTO_TEST_CASE(names_are_distinct) {
  std::set<std::string_view> names;
  for (std::size_t row = 0; row < phase_count; ++row)
    names.insert(to_string(phase_of(row)));
  BOOST_TEST(names.size() == phase_count);
  names.clear();
  for (std::size_t column = 0; column < input_count; ++column)
    names.insert(to_string(input_of(column)));
  BOOST_TEST(names.size() == input_count);
}
