#!/usr/bin/env python3
"""Writes a source that compiles several test files as one.

usage: join_tests.py JOINED.cpp TEST.cpp…

Each file becomes a test suite of its name, which is a namespace as well, so two
files may use the same names. Their includes go before all of it; where the
files themselves come, the guards of the headers leave nothing.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])')
CONDITION = re.compile(r"^\s*#\s*(if|endif)")
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)")


def read(path):
    """(headers, macros) of a test file."""
    headers, macros, depth = [], [], 0
    for number, text in enumerate(path.read_text().splitlines(), 1):
        condition = CONDITION.match(text)
        if condition:
            depth += 1 if condition[1] == "if" else -1
        include, macro = INCLUDE.match(text), MACRO.match(text)
        if include and depth:
            sys.exit(f"{path}:{number}: an #include inside of an #if: a file of "
                     "tests is compiled behind the headers of others")
        if include:
            headers.append(include[1])
        if macro:
            macros.append(macro[1])
    return headers, macros


def joined(paths):
    includes, bodies = {}, []
    for path in paths:
        headers, macros = read(path)
        includes.update(dict.fromkeys(headers))
        bodies += ["", f"BOOST_AUTO_TEST_SUITE({path.stem})",
                   f'#include "{path}"', "BOOST_AUTO_TEST_SUITE_END()",
                   *(f"#undef {macro}" for macro in dict.fromkeys(macros))]
    return "\n".join(["// Made by tests/support/join_tests.py.",
                      *(f"#include {header}" for header in includes),
                      *bodies, ""])


def main(arguments):
    target, *paths = (pathlib.Path(a) for a in arguments)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(joined(paths))


if __name__ == "__main__":
    main(sys.argv[1:])
