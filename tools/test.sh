#!/bin/sh
# Configures, builds and tests one preset, and says how many tests ran.
#   tools/test.sh PRESET [CMAKE ARGUMENT…]
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift

jobs=$(nproc 2>/dev/null || echo 2)
results="build/$preset/ctest.xml"
rm -f "$results"
cmake --preset "$preset" "$@"
cmake --build --preset "$preset"

# The sanitizers of GCC 12 and clang 14 cannot start where the kernel scatters
# mappings over more than 28 bits; without randomisation they can.
run=""
bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
if [ "$bits" -gt 28 ] && setarch -R true 2>/dev/null; then run="setarch -R"; fi

status=0
$run ctest --preset "$preset" -j "$jobs" --output-junit ctest.xml || status=$?
python3 tools/test_count.py "$results" || status=1
exit $status
