// What `penstock chat` is told, and what it makes of it.
#pragma once

#include "runtime/config_file.hpp"
#include "runtime/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {

struct chat_options {
  std::string workspace = "chat";
  std::string model; ///< "provider:model"
  std::vector<std::string> fallback;
  std::string system;
  std::string base_url, api;    ///< For every model of the call.
  std::string store, config;    ///< Paths.
  std::vector<std::string> set; ///< "KEY=VALUE"
  bool json = false;
  bool soft_interrupt = false;
  bool verbose = false;
  /// Go on with the interrupted streams of the store, each with its own model
  /// if `model` is empty; of all workspaces if `workspace` is empty.
  bool resume = false;
  std::optional<std::string> prompt; ///< "-": standard input.
};

/// The configuration file, with the command line laid over it.
/// Errors: `invalid_request`, with what to do.
expected<configuration> configuration_of(const chat_options& options);

/// Lays `--base-url` and `--api` over the provider of a model.
expected<void> redirect_model(configuration& to, const chat_options& options,
                              const char* flag, const std::string& model);

/// Makes and adds the tools of the configuration. Their commands do not see
/// the variables that hold keys.
/// Errors: `invalid_request`, which names the tool.
expected<void> add_tools(configuration& to);

/// Kills the commands of tools that run, and lets none begin any more.
/// Threads: any.
void end_commands();

} // namespace penstock::cli
