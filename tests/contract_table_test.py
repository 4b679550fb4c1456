#!/usr/bin/env python3
"""Goal: the tests that tests/README.md names are there.
Method: each "program: case, case" of its tables is looked up in the sources.
"""
import os
import re
import sys

TESTS = os.path.dirname(os.path.abspath(__file__))
CASE = re.compile(r"^(?:BOOST|RC)_\w*(?:TEST_CASE|TEST_CASE_TEMPLATE|PROP)\s*\(\s*(\w+)", re.M)


def read(name):
    with open(os.path.join(TESTS, name), encoding="utf-8") as file:
        return file.read()


def claims(text):
    """(program, case) for each; a colon follows a program only."""
    found = []
    for entry in re.finditer(r"(\w+): (\w+(?:,\s\w+)*)(?=[;.\s|])", text):
        found += [(entry[1], case) for case in re.split(r",\s", entry[2])]
    return found


def cases_of(program):
    path = os.path.join(TESTS, program + ".cpp")
    return set(CASE.findall(read(path))) if os.path.isfile(path) else None


def main():
    assert claims("| a | x_test: one, two; y_test: three |") == [
        ("x_test", "one"), ("x_test", "two"), ("y_test", "three")]
    wrong, all_claims = [], claims(read("README.md"))
    for program, case in all_claims:
        cases = cases_of(program)
        if cases is None:
            wrong.append(f"README.md names {program}, which is not there")
        elif case not in cases:
            wrong.append(f"README.md: {program} has no case {case}")
    if len(all_claims) < 100:
        wrong.append(f"README.md: only {len(all_claims)} claims were found")
    print("\n".join(wrong) or f"{len(all_claims)} claims, all tested")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
