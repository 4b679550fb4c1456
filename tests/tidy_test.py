#!/usr/bin/env python3
"""Goal: tools/tidy.py finds each violation it claims to find, names its line,
and stays quiet on what is allowed. Method: small trees with one planted fault.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import tidy  # noqa: E402  (after the path is set)

ONCE = "#pragma once\n"


class tidy_test(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [(name, line, what) for name, line, what, _
                    in tidy.check(root)]

    def assert_found(self, name, line, word, files):
        found = self.findings(files)
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][:2], (name, line))
        self.assertIn(word, found[0][2])

    def assert_clean(self, files):
        self.assertEqual(self.findings(files), [])

    def test_an_include_against_the_layers(self):
        for folder, what in [("messages", "providers"), ("messages", "actors"),
                             ("providers", "actors"), ("providers", "runtime"),
                             ("actors", "runtime"), ("actors", "tools"),
                             ("runtime", "tests")]:
            with self.subTest(folder=folder, what=what):
                self.assert_found(
                    f"{folder}/a.cpp", 2, f'{folder}/ includes "{what}/b.hpp"',
                    {f"{folder}/a.cpp": f'\n#include "{what}/b.hpp"\n'})

    def test_includes_along_the_layers(self):
        self.assert_clean({
            "providers/a.cpp": '#include "messages/m.hpp"\n#include <curl/curl.h>\n',
            "actors/a.cpp": '#include "providers/p.hpp"\n#include <caf/all.hpp>\n',
            "runtime/a.cpp": '#include "actors/a.hpp"\n#include <sqlite3.h>\n',
            "tests/a_test.cpp": '#include "tests/support/x.hpp"\n'
                                '#include "tools/chat.hpp"\n'})

    def test_decisions_are_in_their_index(self):
        one, index = "docs/decisions/0001-a.md", "docs/decisions/README.md"
        listed = "- [0001](0001-a.md): It is so\n"
        self.assert_clean({one: "# 0001: It is so\n", index: listed,
                           "docs/decisions/0000-template.md": "# 0000: What\n"})
        self.assert_found(one, 1, "index", {one: "# 0001: It is so\n"})
        self.assert_found(one, 1, "index",
                          {one: "# 0001: It is not so\n", index: listed})
        self.assert_found(
            "docs/decisions/0001-b.md", 1, "second",
            {one: "# 0001: It is so\n", "docs/decisions/0001-b.md":
             "# 0001: Or so\n",
             index: listed + "- [0001](0001-b.md): Or so\n"})

    def test_a_rule_that_was_torn(self):
        self.assert_clean({"actors/a.cpp": "// ---- one thing ----\n"})
        self.assert_found("actors/a.cpp", 3, "dashes alone",
                          {"actors/a.cpp": "\n// ---- one thing\n// ----\n"})

    def test_an_include_that_is_not_from_the_root(self):
        self.assert_found("actors/a.cpp", 1, "not from the project root",
                          {"actors/a.cpp": '#include "b.hpp"\n'})

    def test_third_parties_in_messages(self):
        self.assert_found("messages/a.cpp", 1, "messages/ includes <nlohmann",
                          {"messages/a.cpp": "#include <nlohmann/json.hpp>\n"})

    def test_caf_outside_of_its_three_files(self):
        caf = "#include <caf/all.hpp>\n"
        self.assert_clean({name: ONCE + caf for name in tidy.CAF_FILES})
        self.assert_found("messages/stream.hpp", 2, "four files",
                          {"messages/stream.hpp": ONCE + caf})
        self.assert_found("providers/a.cpp", 1, "four files",
                          {"providers/a.cpp": caf})

    def test_a_provider_that_reaches_caf_by_a_detour(self):
        self.assert_found("providers/a.cpp", 1, "caf_compat.hpp → <caf/all.hpp>", {
            "providers/a.cpp": '#include "messages/m.hpp"\n',
            "messages/m.hpp": ONCE + '#include "messages/caf_compat.hpp"\n',
            "messages/caf_compat.hpp": ONCE + "#include <caf/all.hpp>\n"})

    def test_a_public_runtime_header_that_shows_caf(self):
        caf = ONCE + "#include <caf/all.hpp>\n"
        self.assert_found("runtime/runtime.hpp", 2, "a public header",
                          {"runtime/runtime.hpp": caf})
        self.assert_found("runtime/runtime.hpp", 2, "actors/a.hpp → <caf/all", {
            "runtime/runtime.hpp": ONCE + '#include "actors/a.hpp"\n',
            "actors/a.hpp": caf})

    def test_runtime_headers_that_may_show_caf(self):
        caf = ONCE + "#include <caf/all.hpp>\n"
        self.assert_clean({"runtime/caf_interop.hpp": caf,
                           "runtime/wiring.hpp": "// Internal: the wires.\n" + caf,
                           "runtime/runtime.cpp": "#include <caf/all.hpp>\n"})

    def test_locks_sleep_threads_time_and_randomness_in_an_actor(self):
        for code in ["std::mutex m;", "std::lock_guard l{m};",
                     "std::this_thread::sleep_for(1ms);", "std::thread t;",
                     "std::jthread t;", "auto t = std::chrono::steady_clock::now();",
                     "std::random_device d;"]:
            with self.subTest(code=code):
                self.assert_found("actors/a.cpp", 2, "actor",
                                  {"actors/a.cpp": "\n" + code + "\n"})
                self.assert_clean({"providers/a.cpp": code + "\n"})

    def test_sleep_in_a_test(self):
        self.assert_found("tests/a_test.cpp", 1, "sleeps", {
            "tests/a_test.cpp": "void f() { std::this_thread::sleep_for(1s); }\n"})

    def test_words_in_comments_and_strings_do_not_count(self):
        self.assert_clean({"actors/a.cpp": (
            "// std::mutex, a manager\n/* std::thread\n session */\n"
            'auto s = "std::mutex task"; auto r = R"(std::thread "job")";\n'
            "auto n = 1'000'000; auto q = '\"'; auto t = '\\'';\n")})

    def test_vague_words_in_identifiers_and_paths(self):
        self.assert_found("actors/a.cpp", 2, "stream_manager",
                          {"actors/a.cpp": "\nclass stream_manager;\n"})
        self.assert_found("actors/a.cpp", 1, "tasks",
                          {"actors/a.cpp": "int tasks;\n"})
        self.assert_found("providers/json_util.cpp", 1, "util",
                          {"providers/json_util.cpp": "int x;\n"})
        self.assert_found("tests/utils/a.cpp", 1, "util",
                          {"tests/utils/a.cpp": "int x;\n"})
        self.assert_clean({"actors/a.cpp": "int sessionless, multitasking, job1;\n"})

    def test_a_header_without_pragma_once(self):
        self.assert_found("tests/support/a.hpp", 1, "included twice",
                          {"tests/support/a.hpp": "// #pragma once\n"})

    def test_unfinished_work(self):
        for mark in ["TO" "DO", "FIX" "ME"]:
            self.assert_found("tools/a.cpp", 2, mark,
                              {"tools/a.cpp": f"\n// {mark}: later\n"})

    def test_a_library_that_asserts_or_prints(self):
        self.assert_found("providers/a.cpp", 1, "assert",
                          {"providers/a.cpp": "void f() { assert(true); }\n"})
        self.assert_found("runtime/a.cpp", 1, "terminal",
                          {"runtime/a.cpp": "void f() { std::cout << 1; }\n"})
        self.assert_clean({"providers/a.cpp": "static_assert(true);\n",
                           "tools/a.cpp": "void f() { std::cout << 1; }\n"})

    def test_boost_test_compiled_once_more(self):
        self.assert_found("tests/a_test.cpp", 1, "once more", {
            "tests/a_test.cpp": "#include <boost/test/included/unit_test.hpp>\n"})

    def test_a_file_that_is_too_long(self):
        self.assert_clean({"actors/a.cpp": "int x;\n" * 400})
        self.assert_found("actors/a.cpp", 401, "401 lines in a file",
                          {"actors/a.cpp": "int x;\n" * 401})

    def test_a_function_that_is_too_long(self):
        heads = ["void f() {", "a::a(int x) : x_{x}, y_(x) {",
                 "auto f(int x) const noexcept -> std::vector<int> {",
                 "BOOST_AUTO_TEST_CASE(a_claim) {",
                 "template <class T>\nstruct s {\nT g() const {",
                 "bool operator==(const a& l, const a& r) {"]
        for head in heads:
            for body, count in [(68, 0), (69, 1)]:
                code = "namespace n {\n" + head + "\n" + "  x();\n" * body + "}\n"
                code += "};\n" * head.count("struct") + "}\n"
                with self.subTest(head=head, body=body):
                    found = self.findings({"actors/a.cpp": code})
                    self.assertEqual(len(found), count, found)

    def test_a_long_class_and_a_long_table_are_no_functions(self):
        self.assert_clean({"actors/a.cpp": (
            "struct s {\n" + "  int f() { return 1; }\n" * 90 + "};\n"
            "constexpr int table[] = {\n" + "  f(1),\n" * 90 + "};\n")})

    def test_the_program_prints_one_line_per_finding_and_exits_1(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "actors" / "a.cpp"
            path.parent.mkdir()
            path.write_text("int x;\nstd::mutex m;\n")
            ran = subprocess.run(
                [sys.executable, ROOT / "tools" / "tidy.py", folder],
                capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stdout, "actors/a.cpp:2: a lock in an actor — use "
                         "let one actor own the state and send it messages\n")


if __name__ == "__main__":
    unittest.main()
