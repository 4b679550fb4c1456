#!/usr/bin/env python3
"""Goal: servers that nobody here wrote are understood, all APIs, in good and bad
weather. Method: `penstock chat --json` against @copilotkit/aimock of the npm
registry, a mock of the providers; its fixtures are written below, and its chaos
is set while it runs.

The package goes into PENSTOCK_INTEROP (below the build), never into the project.
Without node, npm or the registry the test skips (77) and says why.
"""
import json
import os
import pathlib
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PACKAGE, VERSION = "@copilotkit/aimock", "1.43.0"
NODE_MAJOR = 20
FOLDER = pathlib.Path(os.environ.get("PENSTOCK_INTEROP", tempfile.gettempdir()))
TOOL = os.environ.get("PENSTOCK_TOOL", "build/dev/tools/penstock")

# api: (below the server's address, a model that its dialect knows)
APIS = {
    "openai-chat": ("/v1", "gpt-4o"),
    "openai-responses": ("/v1", "gpt-5"),
    "anthropic-messages": ("", "claude-haiku-4-5"),
    "google-gemini": ("/v1beta", "gemini-2.5-flash"),
    "ollama": ("", "llama3.2"),
}
# Where the mock gives reasoning a place.
REASONING = ["openai-responses", "anthropic-messages", "google-gemini"]

TEXT = 'Grüße, "Welt" \\ 世界 🙂.'
THOUGHT = "First I think."
FIXTURES = [
    {"match": {"userMessage": "say it"},
     "response": {"content": TEXT, "reasoning": THOUGHT}},
    {"match": {"userMessage": "be cut"}, "latency": 20,
     "truncateAfterChunks": 4,
     "response": {"content": "one two three four five six seven eight nine"}},
    {"match": {"userMessage": "no key"},
     "response": {"status": 401, "error": {
         "message": "Incorrect API key", "type": "authentication_error",
         "code": "invalid_api_key"}}},
    {"match": {"userMessage": "be busy", "sequenceIndex": 0},
     "response": {"status": 529, "error": {
         "message": "Overloaded", "type": "overloaded_error"}}},
    {"match": {"userMessage": "be busy", "sequenceIndex": 1},
     "response": {"content": "at last"}},
    {"match": {"userMessage": "look it up", "hasToolResult": False},
     "response": {"toolCalls": [
         {"name": "lookup", "arguments": {"city": "Köln"}}]}},
    {"match": {"userMessage": "look it up", "toolResultContains": "Köln"},
     "response": {"content": "It rains."}},
]
LOOKUP = {
    "name": "lookup", "description": "Tells the weather", "read_only": True,
    "input_schema": {"type": "object", "required": ["city"],
                     "properties": {"city": {"type": "string"}}},
    "command": ["cat"],
}


def skip(why):
    print(f"SKIPPED: {why}", file=sys.stderr)
    sys.exit(77)


def last_line(text):
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def install():
    """The path of the server's program."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        skip(f"no node and npm on PATH; they run {PACKAGE}")
    version = subprocess.run([node, "--version"], capture_output=True,
                             text=True).stdout
    if int(re.match(r"v?(\d+)|", version)[1] or 0) < NODE_MAJOR:
        skip(f"node {version.strip() or '?'} is older than {NODE_MAJOR}")
    home = FOLDER / f"aimock-{VERSION}"
    program = home / "node_modules" / PACKAGE / "dist" / "cli.js"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        try:
            done = subprocess.run(
                [npm, "install", "--prefix", home, "--no-audit", "--no-fund",
                 "--no-save", "--ignore-scripts", f"{PACKAGE}@{VERSION}"],
                capture_output=True, text=True, timeout=90)
        except subprocess.TimeoutExpired:
            skip(f"npm did not get {PACKAGE} within 90 s")
        if done.returncode != 0 or not program.exists():
            skip(f"npm cannot get {PACKAGE}: {last_line(done.stderr)}")
    return [node, str(program)]


class Server:
    def __init__(self, command, folder):
        fixtures = folder / "fixtures.json"
        fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
        self.process = subprocess.Popen(
            command + ["--port", "0", "--chunk-size", "7", "--strict",
                       "--fixtures", str(fixtures)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.url = self.wait_for_address()

    def wait_for_address(self):
        said, until = b"", time.monotonic() + 60
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < until:
                if not waiting.select(until - time.monotonic()):
                    break
                more = os.read(self.process.stdout.fileno(), 4096)
                said += more
                found = re.search(rb"listening on (http://\S+)", said)
                if found:
                    return found[1].decode()
                if not more:
                    break
        self.stop()
        raise RuntimeError("the server did not start: "
                           + said.decode(errors="replace"))

    def chaos(self, rates):
        """Until the next call; {} ends it."""
        request = urllib.request.Request(
            self.url + "/__aimock/chaos",
            data=json.dumps(rates).encode() if rates else None,
            method="POST" if rates else "DELETE",
            headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class aimock_test(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.server = Server(COMMAND, cls.path)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def ask(self, api, prompt, attempts=1):
        """The exit code, and the events by their name."""
        below, model = APIS[api]
        config = self.path / "config.json"
        config.write_text(json.dumps({
            "providers": {"there": {"api": api,
                                    "base_url": self.server.url + below,
                                    "api_key_env": "AIMOCK_KEY"}},
            "tools": [LOOKUP]}))
        done = subprocess.run(
            [TOOL, "chat", "--config", str(config), "--json",
             "--model", "there:" + model,
             "--set", f"max_attempts_per_model={attempts}", prompt],
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "AIMOCK_KEY": "planted-key-0123456789abcdef"})
        self.assertNotIn("planted-key", done.stdout + done.stderr)
        events = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            events.setdefault(event["event"], []).append(event)
        return done.returncode, events

    def each_api(self, prompt, attempts=1):
        for api in APIS:
            with self.subTest(api=api):
                yield (api, *self.ask(api, prompt, attempts))

    def assert_failed(self, code, events, error_class):
        self.assertEqual(code, 1, events)
        self.assertEqual(events["stream_error"][0]["error_class"], error_class)
        self.assertNotIn("stream_end", events)

    def test_an_answer_comes_as_it_was_given(self):
        for api, code, events in self.each_api("say it"):
            self.assertEqual(code, 0, events)
            end = events["stream_end"][0]
            texts = [p["text"] for p in end["parts"] if p["type"] == "text"]
            self.assertEqual("".join(texts), TEXT)
            deltas = "".join(e["text"] for e in events["text_delta"])
            self.assertEqual(deltas, TEXT)
            thoughts = [p["text"] for p in end["parts"]
                        if p["type"] == "reasoning"]
            if api in REASONING:
                self.assertEqual("".join(thoughts), THOUGHT)
            self.assertEqual(end["usage"]["quality"], "exact")

    def test_a_tool_runs_and_the_model_gets_its_result(self):
        for _, code, events in self.each_api("look it up"):
            self.assertEqual(code, 0, events)
            parts = events["stream_end"][0]["parts"]
            call = next(p for p in parts if p["type"] == "tool_call")
            self.assertEqual(call["tool_name"], "lookup")
            self.assertEqual(call["input"], {"city": "Köln"})
            self.assertEqual(parts[-1]["text"], "It rains.")

    def test_a_refused_key_is_not_tried_again(self):
        for _, code, events in self.each_api("no key", attempts=3):
            self.assert_failed(code, events, "authentication")
            self.assertNotIn("attempt_retry", events)

    def test_a_cut_answer_is_a_failure_that_keeps_what_came(self):
        for _, code, events in self.each_api("be cut"):
            self.assert_failed(code, events, "network")
            for part in events["stream_error"][0]["parts"]:
                if part["type"] == "text":
                    self.assertEqual(part["state"], "cut")
                    self.assertTrue("one two three four".startswith(
                        part["text"][:18]), part)

    def test_the_weather_is_told_by_its_class(self):
        for rates, error_class in (({"disconnectRate": 1}, "network"),
                                   ({"malformedRate": 1}, "protocol"),
                                   ({"rateLimitRate": 1}, "rate_limit"),
                                   ({"dropRate": 1}, "server_error")):
            self.server.chaos(rates)
            try:
                for _, code, events in self.each_api("say it"):
                    with self.subTest(chaos=rates):
                        self.assert_failed(code, events, error_class)
            finally:
                self.server.chaos({})

    def test_a_busy_server_is_asked_again(self):
        code, events = self.ask("anthropic-messages", "be busy", attempts=3)
        self.assertEqual(code, 0, events)
        self.assertEqual(events["attempt_retry"][0]["error_class"],
                         "overloaded")
        self.assertEqual(events["stream_end"][0]["parts"][-1]["text"],
                         "at last")


if __name__ == "__main__":
    COMMAND = install()
    unittest.main()
