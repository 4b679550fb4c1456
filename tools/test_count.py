#!/usr/bin/env python3
"""Counts the tests of ctest's JUnit reports: Boost.Test cases and Python
unittest cases where a program tells them, else the program as one test.

usage: test_count.py [--total] BUILD/PRESET/ctest.xml…
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

BOOST = re.compile(
    r"^\s*(\d+) test cases? out of \d+ (passed|failed|skipped)", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_BAD = re.compile(r"\b(failures|errors|skipped)=(\d+)")


def count_program(outcome, output):
    """(passed, failed, skipped) of one ctest test."""
    passed = failed = skipped = 0
    for number, what in BOOST.findall(output):
        passed += int(number) * (what == "passed")
        failed += int(number) * (what == "failed")
        skipped += int(number) * (what == "skipped")
    ran = UNITTEST.search(output)
    if ran:
        bad = dict(UNITTEST_BAD.findall(output[ran.start():]))
        skipped += int(bad.get("skipped", 0))
        failed += int(bad.get("failures", 0)) + int(bad.get("errors", 0))
        passed += int(ran[1]) - failed - skipped
    if outcome == "skipped":
        return 0, 0, max(skipped, 1)
    if outcome == "failed":  # also a crash or a time-out after its last report
        return passed, max(failed, 1), skipped
    if passed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def outcome_of(case):
    if case.find("failure") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun":
        reason = case.find("skipped")
        loud = reason is not None and "SKIP" in reason.get("message", "")
        return "skipped" if loud else "failed"
    return "passed"


def count_report(path):
    total = [0, 0, 0]
    cases = ElementTree.parse(path).getroot().findall("testcase")
    for case in cases:
        output = case.findtext("system-out") or ""
        for i, n in enumerate(count_program(outcome_of(case), output)):
            total[i] += n
    return len(cases), total


def line(numbers):
    text = f"{numbers[0]} passed, {numbers[1]} failed"
    return text + (f", {numbers[2]} skipped" if numbers[2] else "")


def main(arguments):
    only_total = "--total" in arguments
    sums = [0, 0, 0]
    for path in (a for a in arguments if a != "--total"):
        if not pathlib.Path(path).is_file():
            print(f"{path}: no such report", file=sys.stderr)
            sums[1] += 1
            continue
        programs, numbers = count_report(path)
        sums = [a + b for a, b in zip(sums, numbers)]
        if not only_total:
            name = pathlib.Path(path).resolve().parent.name
            print(f"{name}: {line(numbers)} (tests in {programs} programs)")
    if only_total:
        print(line(sums))
    return 1 if sums[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
