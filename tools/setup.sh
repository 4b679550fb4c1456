#!/bin/sh
# Installs what the build needs from the distribution, if it is missing.
#   tools/setup.sh build   the library and the tool
#   tools/setup.sh test    … and the tests
#   tools/setup.sh ci      … and what .ci/run needs: clang, sanitizers, format
# A|B is satisfied by either; A is what gets installed.
set -eu

build="g++ cmake ninja-build libcaf-dev nlohmann-json3-dev libexpected-dev
  libsimdjson-dev libcurl4-openssl-dev|libcurl4-gnutls-dev
  libssl-dev libsqlite3-dev libcli11-dev ca-certificates"
test="libboost-test-dev librapidcheck-dev libvalijson-dev python3
  python3-jsonschema openssl doxygen"
ci="ccache git clang clang-format-14 libclang-rt-14-dev llvm"

case "${1-}" in
build) wanted="$build" ;;
test) wanted="$build $test" ;;
ci) wanted="$build $test $ci" ;;
*)
  echo "usage: tools/setup.sh build|test|ci" >&2
  exit 2
  ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  cat >&2 <<'TEXT'
penstock: this is not Debian or Ubuntu, so nothing is installed for you. Needed:
  a C++20 compiler, CMake >= 3.25, Ninja; CAF >= 0.17.6, nlohmann_json, tl::expected,
  simdjson, libcurl, SQLite 3, CLI11; for the tests Boost.Test >= 1.74,
  rapidcheck, valijson, Doxygen and Python 3 with jsonschema. Going on with what there is.
TEXT
  exit 0
fi

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for entry in $wanted; do
  found=no
  for package in $(echo "$entry" | tr '|' ' '); do
    if installed "$package"; then found=yes; fi
  done
  if [ $found = no ]; then missing="$missing ${entry%%|*}"; fi
done
if [ -z "$missing" ]; then exit 0; fi

if [ "$(id -u)" = 0 ]; then
  as_root="env"
elif command -v sudo >/dev/null; then
  as_root="sudo env"
else
  echo "penstock: as root, run: apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

echo "penstock: installing$missing"
apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
# One broken list among many is no reason to give up; a missing package is.
$apt update || echo "penstock: going on with the package lists there are" >&2
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $missing
