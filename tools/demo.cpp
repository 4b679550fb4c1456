// `penstock demo`: eighteen conversations at once, most of them in trouble,
// and what must be true when they are over.
#include "tools/command.hpp"
#include "tools/demo_claims.hpp"
#include "tools/demo_run.hpp"
#include "tools/demo_screen.hpp"
#include "tools/demo_table.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

namespace penstock::cli {

namespace {

struct arguments {
  double speed = 1;
  bool plain = false;
};

constexpr auto footer =
  "Needs neither a key nor a network. On a terminal a live table, else "
  "lines.\n\n"
  "Exit codes: 0 every claim that it lists holds; 1 one does not, or the demo\n"
  "cannot run; 2 wrong usage; 130 interrupted (Ctrl-C).";

int demo(const arguments& wanted) {
  const interrupt_watch interrupts;
  demo_screen screen{wanted.plain};
  demo_stage stage;
  stage.speed = wanted.speed;
  stage.show = [&](const demo_frame& frame) { screen.show(frame); };
  stage.interrupted = [] { return interrupt_watch::seen(); };
  const auto evidence = run_demo(stage);
  screen.leave();
  if (!evidence) {
    std::cerr << "penstock: the demo cannot run: " << evidence.error().message
              << std::endl;
    return exit_failed;
  }
  if (evidence->interrupted) {
    std::cerr << "penstock: interrupted; nothing was checked" << std::endl;
    return exit_aborted;
  }
  const auto claims = check_demo(*evidence);
  std::cout << '\n'
            << result_table(*evidence, screen.colored()) << '\n'
            << claim_list(claims, screen.colored());
  const bool all = std::all_of(claims.begin(), claims.end(),
                               [](const auto& c) { return c.holds; });
  return finish_output(all ? exit_completed : exit_failed);
}

} // namespace

void add_demo(CLI::App& app, int& code) {
  auto args = std::make_shared<arguments>();
  auto& command = *app.add_subcommand(
    "demo", "Watch many conversations stream at once, without a network");
  command.footer(footer);
  command
    .add_option("--speed", args->speed,
                "So many times faster, from 0.1 to 20; the same things "
                "happen")
    ->check([&speed = args->speed](const std::string& text) -> std::string {
      // Not CLI::Range, which lets "nan" through.
      const bool good =
        CLI::detail::lexical_cast(text, speed) && speed >= 0.1 && speed <= 20;
      return good ? "" : "must be from 0.1 to 20, not " + text;
    });
  command.add_flag("--plain", args->plain,
                   "Lines instead of a live table, also on a terminal");
  command.callback([args, &code] { code = demo(*args); });
}

} // namespace penstock::cli
