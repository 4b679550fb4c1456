#!/usr/bin/env python3
"""Goal: what was noted for a socket is really fetched ahead: a compiler may take
a function that only prefetches for one without effect, and leave its call out.
Method: the HTTP client's machine code has the instruction.
"""
import os
import platform
import re
import subprocess
import sys

SKIPPED = 77
INSTRUCTIONS = {"x86_64": r"\bprefetch", "aarch64": r"\bprfm\b"}


def main():
    build = os.environ["PENSTOCK_BUILD"]
    wanted = INSTRUCTIONS.get(platform.machine())
    if not wanted:
        print("SKIPPED: no name for a prefetch on", platform.machine())
        return SKIPPED
    library = os.path.join(build, "libpenstock_providers.a")
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library],
                          check=True, capture_output=True, text=True).stdout
    inside, found = False, 0
    for line in code.splitlines():
        if line.endswith(">:"):
            inside = "curl_http_client" in line or "footprint" in line
        elif inside and re.search(wanted, line):
            found += 1
    print(f"{found} prefetches in the HTTP client")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
