// Precompiled for actors/ and runtime/: CAF, which costs a second or two a
// file, and the standard headers that come with it.
#include <caf/all.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
