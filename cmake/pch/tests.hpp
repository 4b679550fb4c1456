// Precompiled for tests/: CAF, Boost.Test and JSON. It swallows the main() that
// BOOST_TEST_MODULE makes, so tests/support/test_main.cpp brings one.
#include <caf/all.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// Compiled once, in tests/support/json_templates.cpp: checks are not optimised,
// so each file would compile what it uses of it anew.
extern template class nlohmann::basic_json<>;
