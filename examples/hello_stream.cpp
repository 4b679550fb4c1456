// One answer, printed as it comes.
#include "examples/offline.hpp"
#include "runtime/runtime.hpp"

using namespace std::chrono_literals;

int main() {
  penstock::http_script script{offline::says("Hello, you out there!")};
  const auto runtime = offline::value_or_exit(
    penstock::runtime::open(offline::options(std::move(script))));

  auto events = offline::value_or_exit(runtime->subscribe("greeting"));
  offline::value_or_exit(
    runtime->start({.workspace_id = "greeting",
                    .messages = {penstock::user_text("Say hello.")},
                    .model = "demo:parrot"}));

  for (bool over = false; !over && !events.ended();)
    for (const auto& event : events.wait(100ms)) {
      if (auto* delta =
            std::get_if<penstock::event::text_delta>(event.body.get()))
        std::cout << delta->text << std::flush;
      over = over || penstock::terminal(*event.body);
    }
  const auto outcome = offline::value_or_exit(runtime->wait("greeting"));
  std::cout << std::endl;
  return outcome.how == penstock::stream_outcome::kind::completed ? 0 : 1;
}
