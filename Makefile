# make demo and make test need nothing but make on a Debian or Ubuntu system:
# they install what is missing (tools/setup.sh), configure, build and run.
CLANG_FORMAT = $$(command -v clang-format-14 || echo clang-format)
# A list that git does not give is an error, not an empty list.
WITH_SOURCES = files=$$(git ls-files '*.cpp' '*.hpp') && test -n "$$files" \
  && printf '%s\n' "$$files" | xargs

.PHONY: help demo test bench setup format lint docs
help:
	@echo 'make demo    watch many workspaces stream at once, offline'
	@echo 'make test    build everything and run the tests'
	@echo 'make bench   what a token costs, beside bare libcurl (small sizes)'
	@echo 'make setup   only install what building and testing needs'
	@echo 'make lint    check layers, style and format'
	@echo 'make format  format the sources'
	@echo 'make docs    the reference of the public headers, in build/docs/html'

# Keeps a build directory that make test has configured.
demo:
	@tools/setup.sh build
	@test -f build/release/build.ninja \
	  || cmake --preset release -DPENSTOCK_TESTS=OFF -DPENSTOCK_EXAMPLES=OFF
	@cmake --build --preset release --target penstock
	build/release/tools/penstock demo

test:
	@tools/setup.sh test
	@tools/test.sh release -DPENSTOCK_TESTS=ON -DPENSTOCK_EXAMPLES=ON

# Fails where a ratio is 1.25 times what bench/smoke.json has.
bench:
	@tools/setup.sh build
	@cmake --preset release -DPENSTOCK_BENCH=ON
	@cmake --build --preset release --target penstock_bench
	@python3 bench/compare build/release --size smoke --rounds 3 \
	  --check bench/smoke.json

docs:
	@python3 tests/docs_test.py build/docs

setup:
	@tools/setup.sh test

format:
	@$(WITH_SOURCES) $(CLANG_FORMAT) -i

lint:
	@python3 tools/tidy.py
	@$(WITH_SOURCES) $(CLANG_FORMAT) --dry-run -Werror
