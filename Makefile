# make demo and make test need nothing but make on a Debian or Ubuntu system:
# they install what is missing (tools/setup.sh), configure, build and run.
FORMATTED = git ls-files '*.cpp' '*.hpp'
CLANG_FORMAT = $$(command -v clang-format-14 || echo clang-format)

.PHONY: help demo test setup format lint
help:
	@echo 'make demo    watch many workspaces stream at once, offline'
	@echo 'make test    build everything and run the tests'
	@echo 'make setup   only install what building and testing needs'
	@echo 'make lint    check layers, style and format'
	@echo 'make format  format the sources'

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

setup:
	@tools/setup.sh test

format:
	$(FORMATTED) | xargs -r $(CLANG_FORMAT) -i

lint:
	python3 tools/tidy.py
	$(FORMATTED) | xargs -r $(CLANG_FORMAT) --dry-run -Werror
