# Everything comes from the system; nothing is downloaded. A missing library
# stops the configuration with the name of its Debian package.

# penstock_require(<package> <debian package> [<find_package argument>…])
macro(penstock_require name debian)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "penstock: ${name} was not found. On Debian and "
      "Ubuntu: apt-get install ${debian} (or: make setup)")
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
penstock_require(Threads libc6-dev)
penstock_require(CAF libcaf-dev 0.17.6)
penstock_require(nlohmann_json nlohmann-json3-dev 3.9)
penstock_require(tl-expected libexpected-dev)
penstock_require(simdjson libsimdjson-dev)
penstock_require(CURL libcurl4-openssl-dev 7.74)
penstock_require(SQLite3 libsqlite3-dev 3.34)
if(PENSTOCK_TOOL)
  penstock_require(CLI11 libcli11-dev)
endif()
if(PENSTOCK_TOOL OR PENSTOCK_TESTS)
  penstock_require(OpenSSL libssl-dev)
endif()
if(PENSTOCK_TESTS)
  penstock_require(Boost libboost-test-dev 1.74
    COMPONENTS unit_test_framework)
  penstock_require(rapidcheck librapidcheck-dev CONFIG)
  penstock_require(valijson libvalijson-dev CONFIG)
  penstock_require(Python3 python3 COMPONENTS Interpreter)
endif()
