#!/usr/bin/env python3
"""Goal: `penstock decode` reads every recorded provider stream as the corpus
says, however the bytes are split. Method: the corpus's own judges, over every
recording of an API that has a codec, in pieces of 1, 7 and 4096 bytes.
"""
import os
import pathlib
import subprocess
import sys
import unittest

CORPUS = pathlib.Path(os.environ["PENSTOCK_CORPUS"])
TOOL = os.environ["PENSTOCK_TOOL"]
SETS = ["open", "open-cassettes"]
APIS = ["openai-chat", "openai-compatible", "openai-responses",
        "anthropic-messages", "google-gemini"]
PIECES = [1, 7, 4096]


class conformance_test(unittest.TestCase):
    def assert_judged(self, *arguments):
        """The judge ends with "N passed, M failed" and 0 if all passed."""
        judge = subprocess.run([sys.executable, *map(str, arguments)],
                               capture_output=True, text=True)
        self.assertEqual(judge.returncode, 0, judge.stdout + judge.stderr)
        return int(judge.stdout.split()[-4])

    def assert_api(self, api):
        recordings = 0
        for folder in SETS:
            for bytes_each in PIECES:
                command = (f"'{TOOL}' decode --api {{api}} --provider "
                           f"{{provider}} --chunk-bytes {bytes_each} "
                           "--summary {sse}")
                path = CORPUS / folder / api
                with self.subTest(folder=folder, piece=bytes_each):
                    recordings += self.assert_judged(
                        CORPUS / "check.py", path, command)
        self.assertGreater(recordings, 0, "the corpus is empty")

    def test_the_vectors_of_server_sent_events(self):
        judged = self.assert_judged(
            CORPUS / "sse_check.py", TOOL,
            CORPUS / "sse-conformance" / "vectors.json")
        self.assertGreater(judged, 0)


def add(api):
    def test(self):
        self.assert_api(api)
    setattr(conformance_test, "test_" + api.replace("-", "_"), test)


for each in APIS:
    add(each)

if __name__ == "__main__":
    if not CORPUS.is_dir():
        print(f"SKIPPED: no corpus at {CORPUS}; set PENSTOCK_CORPUS")
        sys.exit(77)
    unittest.main()
