#!/usr/bin/env python3
"""Goal: the tests that tests/README.md names are there, and so are the sections of
docs/SPEC.md that code, tests and documents name.
Method: each "program: case, case" of its tables is looked up in the sources, each
"SPEC §6.2" in the headings.
"""
import os
import re
import sys

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
FOLDERS = ["actors", "bench", "docs", "examples", "messages", "providers", "runtime",
           "tests", "tools"]
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


def sections():
    with open(os.path.join(ROOT, "docs", "SPEC.md"), encoding="utf-8") as file:
        return set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", file.read(), re.M))


def named_sections(text):
    """Those of each "SPEC §2 to §5", "SPEC §4, §12"; a line may break anywhere."""
    text = re.sub(r"\n[ \t]*(?://+|#|\*)?[ \t]*", " ", text)
    lists = re.findall(r"SPEC ((?:(?:, | and | to )?§\d+(?:\.\d+)?)+)", text)
    return [number for each in lists
            for number in re.findall(r"§(\d+(?:\.\d+)?)", each)]


def unknown_sections():
    known, named = sections(), 0
    for folder in FOLDERS:
        for path, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in files:
                if not name.endswith((".hpp", ".cpp", ".md", ".py")):
                    continue
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    numbers = named_sections(file.read())
                named += len(numbers)
                for number in numbers:
                    if number not in known:
                        yield f"{folder}/{name}: SPEC has no §{number}"
    if named < 50:
        yield f"only {named} sections of SPEC are named"


def main():
    assert named_sections("// (SPEC §2 to\n// §5.1, §7).") == ["2", "5.1", "7"]
    assert claims("| a | x_test: one, two; y_test: three |") == [
        ("x_test", "one"), ("x_test", "two"), ("y_test", "three")]
    wrong, all_claims = [], claims(read("README.md"))
    for program, case in all_claims:
        cases = cases_of(program)
        if cases is None:
            wrong.append(f"README.md names {program}, which is not there")
        elif case not in cases:
            wrong.append(f"README.md: {program} has no case {case}")
    wrong += unknown_sections()
    if len(all_claims) < 100:
        wrong.append(f"README.md: only {len(all_claims)} claims were found")
    print("\n".join(wrong) or f"{len(all_claims)} claims, all tested")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
