#!/usr/bin/env python3
"""Goal: a host finds the installed package, and the sample of the README is its
program.
Method: cmake --install into a folder; a project of two files that knows this
folder alone; without a key the program says which variable it wants, and ends.
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED = 77

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES CXX)
find_package(penstock 0.1 REQUIRED)
add_executable(host main.cpp)
target_link_libraries(host PRIVATE penstock::penstock)
"""

PROGRAM = """#include <iostream>
INCLUDES
using namespace std::chrono_literals;

static int complain(const std::string& what) {
  std::cerr << what << std::endl;
  return 1;
}
static void show(const penstock::stream_event& e) {
  if (auto* delta = std::get_if<penstock::event::text_delta>(e.body.get()))
    std::cout << delta->text << std::flush;
}
int main() {
BODY
}
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def cached(build, name):
    found = re.search(rf"^{name}:\w+=(.*)$",
                      read(os.path.join(build, "CMakeCache.txt")), re.M)
    return found[1] if found else ""


def sample():
    text = re.search(r"```cpp\n(.*?)```", read(os.path.join(ROOT, "README.md")),
                     re.S)[1]
    lines = text.split("\n")
    return (PROGRAM
            .replace("INCLUDES", "\n".join(
                line for line in lines if line.startswith("#include")))
            .replace("BODY", "\n".join(
                line for line in lines if not line.startswith("#include"))))


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          **more)
    print("$", *command, "\n" + done.stdout + done.stderr)
    return done


def build_host(build, folder):
    """Where the program is, or None."""
    installed, made = os.path.join(folder, "usr"), os.path.join(folder, "build")
    write(os.path.join(folder, "CMakeLists.txt"), PROJECT)
    write(os.path.join(folder, "main.cpp"), sample())
    flags = "-Wall -Wextra -Werror"
    if cached(build, "PENSTOCK_SANITIZE"):
        flags += " -fsanitize=" + cached(build, "PENSTOCK_SANITIZE")
    steps = [
        ["cmake", "--install", build, "--prefix", installed],
        ["cmake", "-S", folder, "-B", made, "-G", "Ninja",
         "-DCMAKE_CXX_COMPILER=" + cached(build, "CMAKE_CXX_COMPILER"),
         "-DCMAKE_CXX_FLAGS=" + flags, "-DCMAKE_PREFIX_PATH=" + installed],
        ["cmake", "--build", made]]
    if any(run(*step).returncode != 0 for step in steps):
        return None
    for path in ("share/penstock/prices.json",
                 "share/penstock/events.schema.json",
                 "share/doc/penstock/LICENSE"):
        if not os.path.isfile(os.path.join(installed, path)):
            print(path, "was not installed")
            return None
    return os.path.join(made, "host")


def main():
    build = os.environ.get("PENSTOCK_BUILD", "")
    if not build or cached(build, "PENSTOCK_INSTALL") != "ON":
        print("SKIPPED: no build with install rules; set PENSTOCK_BUILD")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        host = build_host(build, folder)
        if not host:
            return 1
        no_keys = {name: value for name, value in os.environ.items()
                   if not name.endswith("_API_KEY")}
        done = run(host, env=no_keys, timeout=60)
    if done.returncode != 1 or "OPENAI_API_KEY" not in done.stderr:
        print("the program did not say which key it wants, and end with 1")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
