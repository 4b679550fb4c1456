# Language, warnings, sanitizers and the compiler cache, for our targets only:
# all of it hangs on the interface target penstock_flags.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE
    AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

add_library(penstock_flags INTERFACE)
target_compile_features(penstock_flags INTERFACE cxx_std_20)

set(is_gcc "$<CXX_COMPILER_ID:GNU>")
set(is_clang "$<CXX_COMPILER_ID:Clang,AppleClang>")
target_compile_options(penstock_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wextra-semi -Wcast-qual -Wvla -Winvalid-pch
  "$<${is_gcc}:-Wduplicated-cond;-Wlogical-op>"
  # GCC 12 sees an overlap in "text" + std::string where there is none
  # (gcc.gnu.org/PR105651).
  "$<${is_gcc}:-Wno-restrict>"
  # And an uninitialised std::optional in a variant where there is none
  # (gcc.gnu.org/PR80635).
  "$<${is_gcc}:-Wno-maybe-uninitialized>"
  # Where files are compiled as one, each is an include, and in a header these
  # would be right: a member of a type from an unnamed namespace, and a name
  # that hides one at file scope. Presets that compile each alone look for both.
  "$<$<AND:${is_gcc},$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>"
  "$<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-shadow>"
  # Collecting garbage is a tenth of the time of large files.
  "$<${is_gcc}:--param=ggc-min-heapsize=524288>"
  "$<$<BOOL:${PENSTOCK_WERROR}>:-Werror>"
  # A failed PENSTOCK_CHECK names a file of the project, not of the machine.
  "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/="
  "-fdebug-prefix-map=${PROJECT_SOURCE_DIR}=.")

if(PENSTOCK_SANITIZE)
  set(sanitize "-fsanitize=${PENSTOCK_SANITIZE}")
  target_compile_options(penstock_flags INTERFACE
    ${sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(penstock_flags INTERFACE ${sanitize})
  if(PENSTOCK_SANITIZE MATCHES "undefined")
    target_compile_options(penstock_flags INTERFACE
      "$<${is_clang}:-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/support/ubsan.ignore>")
  endif()
  if(PENSTOCK_SANITIZE MATCHES "thread")
    # The instrumentation hides initialisations from GCC's data flow, and
    # fences inside system headers are not ours to change.
    target_compile_options(penstock_flags INTERFACE
      "$<${is_gcc}:-Wno-maybe-uninitialized;-Wno-tsan>")
  endif()
endif()
if(PENSTOCK_FUZZ OR PENSTOCK_FUZZ_REPLAY)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR
      "penstock: the fuzz targets need clang; use: cmake --preset fuzz")
  endif()
endif()
if(PENSTOCK_FUZZ)
  target_compile_options(penstock_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Bounds and null checks of the standard library, for the code that reads what
# the network sent. Not where CAF 0.17 is included: its headers dereference a
# null shared_ptr<tuple<>>, harmlessly, when an actor is spawned from a function.
add_library(penstock_checked_std INTERFACE)
target_compile_definitions(penstock_checked_std INTERFACE _GLIBCXX_ASSERTIONS)

# ccache, when it is there and the caller named no launcher. A precompiled
# header is only cached if ccache may trust it (sloppiness) and the compiler
# keeps it out of, and its time stamp off, the text that is hashed. The base
# directory lets the work trees of the project share what GCC compiled (clang
# writes the path of a precompiled header into it).
find_program(PENSTOCK_CCACHE ccache)
mark_as_advanced(PENSTOCK_CCACHE)
if(PENSTOCK_CCACHE AND PROJECT_IS_TOP_LEVEL
    AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
    "${PENSTOCK_CCACHE}")
  # ccache hands the compiler paths relative to the build directory.
  file(RELATIVE_PATH to_source "${PROJECT_BINARY_DIR}" "${PROJECT_SOURCE_DIR}")
  target_compile_options(penstock_flags INTERFACE
    "-fmacro-prefix-map=${to_source}=")
  if(PENSTOCK_PCH)
    target_compile_options(penstock_flags INTERFACE
      "$<${is_gcc}:-fpch-preprocess>"
      "$<${is_clang}:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()
