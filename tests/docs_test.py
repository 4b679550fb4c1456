#!/usr/bin/env python3
"""Goal: the reference of the public headers builds without a warning.
Method: Doxygen with docs/Doxyfile. Every type and function has a docstring; a
member, an enumerator or an operator may speak for itself. Beside it, that each
header which a host includes is listed, and that each other one of runtime/ says that
it is not for hosts.

usage: docs_test.py [FOLDER]   where the reference goes; else it is thrown away
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = 77
# What a host starts from; what these include below messages/ and runtime/ it
# reads as well.
ENTRIES = ["runtime/runtime.hpp", "runtime/caf_interop.hpp",
           "runtime/config_file.hpp", "runtime/event_json.hpp",
           "runtime/option_table.hpp", "runtime/price_table.hpp",
           "runtime/in_memory_store.hpp", "runtime/sqlite_store.hpp"]
# Of the actors' vocabulary, which caf_interop.hpp includes for hosts that speak
# it: its own comments are for its readers.
INTERNAL = {"messages/actor_interfaces.hpp", "messages/actor_messages.hpp",
            "messages/caf_compat.hpp", "messages/attempt_link.hpp",
            "messages/part.hpp", "messages/reply.hpp", "messages/type_ids.hpp"}
SPEAKS = re.compile(
    r"warning: Member (operator\S* ?\S* ?\(|operator==|.*"
    r"\((variable|enumvalue|enumeration)\) of ).* is not documented\.$")


def mistakes(lines):
    return [line for line in lines if line.strip() and not SPEAKS.search(line)]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def included(path, seen):
    if path in seen or path in INTERNAL or "// Internal:" in read(path)[:20]:
        return
    seen.add(path)
    for other in re.findall(r'#include "([^"]+)"', read(path)):
        included(other, seen)


def listed():
    value = re.search(r"^INPUT = (.*?[^\\])$", read("docs/Doxyfile"),
                      re.M | re.S).group(1)
    return set(value.replace("\\", " ").split())


def main():
    # The rule itself: what it must let pass, and what it must not.
    assert not mistakes(["a.hpp:1: warning: Member x (variable) of struct y is "
                         "not documented."])
    assert mistakes(["a.hpp:1: warning: Compound x is not documented."])
    assert mistakes(["a.hpp:1: warning: Member f(int a) (function) of class y "
                     "is not documented."])
    assert mistakes(["a.hpp:1: warning: argument 'z' of command @param is not "
                     "found in the argument list of f(int a)"])

    needed = set()
    for entry in ENTRIES:
        included(entry, needed)
    status = 0
    for path in sorted(needed - listed()):
        print(f"{path}: a host reads it and docs/Doxyfile does not list it")
        status = 1
    for name in sorted(os.listdir(os.path.join(ROOT, "runtime"))):
        path = "runtime/" + name
        if name.endswith(".hpp") and path not in listed() \
                and not read(path).startswith("// Internal:"):
            print(f"{path}: for hosts? Then list it in docs/Doxyfile, else "
                  "begin it with // Internal:")
            status = 1
    if not shutil.which("doxygen"):
        print("SKIPPED: no doxygen; tools/setup.sh test installs it")
        return status or SKIPPED
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as scratch:
        folder = os.path.abspath(wanted or scratch)
        os.makedirs(folder, exist_ok=True)
        run = subprocess.run(["doxygen", "docs/Doxyfile"], cwd=ROOT,
                             env={**os.environ, "PENSTOCK_DOCS": folder},
                             capture_output=True, text=True, check=False)
        index = os.path.join(folder, "html", "classpenstock_1_1runtime.html")
        if run.returncode != 0 or not os.path.isfile(index):
            print(run.stderr)
            print("no reference was written")
            return 1
    found = mistakes(run.stderr.splitlines())
    print("\n".join(found) or f"{len(listed())} headers, no warning")
    return 1 if found else status


if __name__ == "__main__":
    sys.exit(main())
