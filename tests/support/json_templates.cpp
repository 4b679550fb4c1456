// What cmake/pch/tests.hpp declares to be compiled elsewhere.
#include <nlohmann/json.hpp>

template class nlohmann::basic_json<>;
