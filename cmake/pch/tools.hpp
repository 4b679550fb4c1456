// Precompiled for tools/: the two headers that dominate its compile time.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
