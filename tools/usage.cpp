// `penstock usage`: tokens and what they cost, by stream, workspace and model.
#include "providers/json.hpp"
#include "providers/scrub.hpp"
#include "runtime/price_table.hpp"
#include "tools/command.hpp"
#include "tools/open_store.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <tuple>

namespace penstock::cli {

namespace {

struct arguments {
  std::string store, prices, workspace;
  bool json = false;
};

/// What attempts have used together.
struct total {
  token_usage usage;
  std::uint64_t attempts = 0;
  std::uint64_t exact = 0, partial = 0, unknown = 0; // tools' own calls too
  double cost = 0;
  bool cost_known = true;

  void add(const usage_row& row, const price_table& prices) {
    usage += row.usage;
    attempts += !row.by_tool;
    using quality = token_usage::quality;
    exact += row.usage.known == quality::exact;
    partial += row.usage.known == quality::partial;
    unknown += row.usage.known == quality::unknown;
    const auto one = prices.cost(row.model, row.usage);
    cost_known = cost_known && one.has_value();
    cost += one.value_or(0);
  }
};

struct totals {
  using stream_key = std::tuple<std::string, std::string, std::string>;
  std::map<stream_key, total> streams; // workspace, stream, model
  std::map<std::string, total> workspaces, models;
  total all;
};

std::string cost_text(const total& t, const price_table& prices) {
  if (!t.cost_known)
    return "cost unknown";
  char text[64];
  std::snprintf(text, sizeof text, "%.6f %s", t.cost,
                prices.currency().c_str());
  return text;
}

ordered_json json_of(const total& t, const price_table& prices) {
  ordered_json to{{"attempts", t.attempts},
                  {"exact", t.exact},
                  {"partial", t.partial},
                  {"unknown", t.unknown},
                  {"input_total", t.usage.input_total},
                  {"cache_read", t.usage.cache_read},
                  {"cache_write", t.usage.cache_write},
                  {"output_total", t.usage.output_total},
                  {"reasoning", t.usage.reasoning}};
  if (t.cost_known)
    to["cost"] = t.cost;
  else
    to["cost"] = "unknown";
  to["currency"] = prices.currency();
  to["prices_of"] = prices.date();
  return to;
}

void tell_json(const totals& all, const price_table& prices) {
  const auto line = [&](ordered_json head, const total& t) {
    head.update(json_of(t, prices));
    print_json(to_text(head));
  };
  for (const auto& [key, t] : all.streams)
    line(ordered_json{{"total", "stream"},
                      {"workspace_id", std::get<0>(key)},
                      {"stream_id", std::get<1>(key)},
                      {"model", std::get<2>(key)}},
         t);
  for (const auto& [id, t] : all.workspaces)
    line(ordered_json{{"total", "workspace"}, {"workspace_id", id}}, t);
  for (const auto& [model, t] : all.models)
    line(ordered_json{{"total", "model"}, {"model", model}}, t);
  line(ordered_json{{"total", "all"}}, all.all);
}

void tell_text(const totals& all, const price_table& prices) {
  const auto line = [&](const std::string& what, const total& t) {
    std::cout << one_line(what, 256) << ": " << t.usage.input_total << " in, "
              << t.usage.output_total << " out, " << t.attempts
              << (t.attempts == 1 ? " attempt" : " attempts");
    if (t.partial + t.unknown > 0)
      std::cout << " (" << t.partial << " partial, " << t.unknown
                << " unknown)";
    std::cout << ", " << cost_text(t, prices) << "\n";
  };
  for (const auto& [id, t] : all.workspaces)
    line("workspace " + id, t);
  for (const auto& [model, t] : all.models)
    line("model " + model, t);
  line("all", all.all);
  std::cout << "prices of " << prices.date() << "\n";
}

int run(const arguments& args) {
  auto prices = args.prices.empty()
                  ? expected<price_table>{price_table::built_in()}
                  : price_table::load(args.prices);
  if (!prices)
    return usage_error("--prices: " + prices.error().message);
  auto store = open_existing_store(args.store);
  if (!store)
    return usage_error(store.error().message);
  if (auto known = workspaces_in(**store, args.workspace); !known)
    return usage_error(known.error().message);
  const auto rows = ask_store<std::vector<usage_row>>(
    [&](auto done) { (*store)->load_usage(args.workspace, std::move(done)); });
  if (!rows)
    return failure(rows.error());
  totals all;
  for (const auto& row : *rows) {
    const auto stream = to_string(row.attempt.stream);
    all.streams[{row.workspace_id, stream, row.model}].add(row, *prices);
    all.workspaces[row.workspace_id].add(row, *prices);
    all.models[row.model].add(row, *prices);
    all.all.add(row, *prices);
  }
  if (args.json)
    tell_json(all, *prices);
  else
    tell_text(all, *prices);
  return finish_output(exit_completed);
}

} // namespace

void add_usage(CLI::App& app, int& code) {
  auto args = std::make_shared<arguments>();
  auto& command =
    *app.add_subcommand("usage", "Tokens that a store has counted, and their "
                                 "cost");
  command.footer(
    "A model without a price costs \"unknown\", and so does what "
    "it is part of.\nPrices are those of the built-in table; "
    "--prices FILE replaces it (as share/penstock/prices.json).\n\n"
    "Exit codes: 0; 1 the store could not be read; 2 wrong usage, "
    "or the store cannot\nbe opened.");
  command.add_option("--store", args->store, "The store's file");
  command.add_option("--prices", args->prices, "JSON table of prices");
  command.add_flag("--json", args->json, "One total per line, as JSON");
  command.add_option("WORKSPACE", args->workspace, "Of this one only");
  command.callback([args, &code] { code = run(*args); });
}

} // namespace penstock::cli
