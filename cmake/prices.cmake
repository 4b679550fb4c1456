# data/prices.json as a string in the library, so that an installed tool needs
# no data directory. A changed file is noticed by the next build.
set(prices "${PROJECT_SOURCE_DIR}/data/prices.json")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${prices}")
file(READ "${prices}" prices_text)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/prices.cpp" @ONLY CONTENT
[=[// Made from data/prices.json.
namespace penstock {
extern const char* const built_in_prices;
const char* const built_in_prices = R"json(@prices_text@)json";
} // namespace penstock
]=])
target_sources(penstock_runtime PRIVATE "${PROJECT_BINARY_DIR}/prices.cpp")
