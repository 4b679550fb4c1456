"""Goal: messages/actor_interfaces.hpp tells the truth about who sends what.
Method: the sender beside each message is held against the calls in the sources
that post it. What an actor posts to its own handle is said by a thread outside
of the actors, unless the row says "itself".
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
# By the name of a file, whose it is; by what a handle is called, where it leads.
ACTORS = {"root": "ROOT", "directory": "DIRECTORY", "supervisor": "SUPERVISOR",
          "provider": "PROVIDER", "workspace": "WORKSPACE",
          "shard": "DIRECTORY", "report_to": "WORKSPACE", "port": "DIRECTORY"}
OUTSIDE = ("the store", "the clock", "a tool thread", "the HTTP thread",
           "a stop token")


def table_of(text):
    """{(receiver, message): what stands beside it}"""
    rows = {}
    for name, body in re.findall(
            r"using (\w+)_protocol =\s*caf_compat::protocol<(.*?)\n"
            r"using \w+_actor", text, re.S):
        row = None
        for message, comment in re.findall(
                r"^[^/\n]*?(\w+)?[,>;]*\s*// (.*)$", body, re.M):
            if message:
                row = (name.upper(), message)
                rows[row] = rows[previous] if comment == "likewise" else comment
                previous = row
            else:
                rows[row] += " " + comment
    return rows


def senders_in(comment):
    """The actors that a row names, and whether it names anybody else."""
    who = re.match(r"from ((?:[A-Z]+|itself)(?: and (?:[A-Z]+|itself))*)",
                   comment)
    return set(who[1].split(" and ")) if who else set()


def first_arguments(text, at):
    """The first two arguments of the call whose parenthesis opens at `at`."""
    depth, begin, found = 0, at + 1, []
    for i in range(at, len(text)):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(
            text[i], 0)
        if depth == 0 or (depth == 1 and text[i] == "," and len(found) < 2):
            found.append(text[begin:i].strip())
            begin = i + 1
            if depth == 0:
                return found
    return found


def led_to(handle, own, before):
    declared = re.findall(r"(\w+_actor)&? " + re.escape(handle) + r"\b", before)
    handle = declared[-1] if declared else handle
    for word, actor in ACTORS.items():
        if word in handle:
            return actor
    return own


def posts_of(name, text, messages):
    """(receiver, message, sender) of each post in one file."""
    own = next((a for w, a in ACTORS.items() if name.startswith(w)), "RUNTIME")
    for call in re.finditer(r"(\w+(?:\.|->))?\b(post|tell|route)(\()", text):
        if call[1] == "ports_.":
            continue  # The shell posts it.
        arguments = first_arguments(text, call.start(3))
        if call[2] == "tell" or (call[1] or "").startswith("port"):
            arguments.insert(0, call[1] or "")
        elif call[2] == "route":
            arguments.insert(0, "workspace")
        if len(arguments) < 2:
            continue
        handle, what = arguments[0], re.sub(r"^std::move\(\*?|\)$", "",
                                            arguments[1])
        message = re.match(r"(?:penstock::)?(\w+)", what)
        if not message:
            continue
        message = message[1]
        if message not in messages:  # A variable: its declaration is above.
            found = re.findall(r"\b(\w+)(?:&|>|\s|= )+" + message + r"\b|\b"
                               + message + r" = (\w+)", text[:call.start()])
            message = next((a or b for a, b in reversed(found)
                            if (a or b) in messages), None)
        if message:
            to = led_to(handle, own, text[:call.start()])
            yield to, message, "itself" if to == own else own


class Senders(unittest.TestCase):
    def setUp(self):
        self.rows = table_of(
            (ROOT / "messages/actor_interfaces.hpp").read_text())
        messages = {message for _, message in self.rows}
        self.posts = set()
        for path in [*ROOT.glob("actors/*.cpp"), *ROOT.glob("runtime/*.cpp")]:
            self.posts |= set(posts_of(path.stem, path.read_text(), messages))

    def test_the_table_and_the_posts_are_read(self):
        self.assertGreater(len(self.rows), 50)
        self.assertIn(("WORKSPACE", "retire", "DIRECTORY"), self.posts)
        self.assertIn(("DIRECTORY", "unsubscribe", "RUNTIME"), self.posts)
        self.assertIn(("WORKSPACE", "parts_received", "PROVIDER"), self.posts)
        self.assertIn(("SUPERVISOR", "attempt_ended", "itself"), self.posts)

    def test_who_sends_is_named(self):
        for to, message, sender in sorted(self.posts):
            with self.subTest(to=to, message=message, sender=sender):
                comment = self.rows[to, message]
                if sender != "itself" or not any(
                        who in comment for who in OUTSIDE):
                    self.assertIn(sender, senders_in(comment), comment)

    def test_who_is_named_sends(self):
        for (to, message), comment in self.rows.items():
            for sender in senders_in(comment):
                with self.subTest(to=to, message=message, sender=sender):
                    self.assertTrue((to, message, sender) in self.posts, comment)


if __name__ == "__main__":
    unittest.main()
