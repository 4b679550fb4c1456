# Goal: the pictures of the machines in docs/ARCHITECTURE.md are the tables'.
# Method: the drawing script over this tree, and over a table made by hand.
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools/machine_picture.py"
sys.path.insert(0, str(ROOT / "tools"))
import machine_picture  # noqa: E402


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)],
                          capture_output=True, text=True)


class Picture(unittest.TestCase):
    def test_the_picture_in_the_document_is_current(self):
        done = run("--check", ROOT)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_phase_and_input_is_read(self):
        table = machine_picture.table_of(
            (ROOT / "actors/stream_machine.hpp").read_text())
        self.assertEqual(len(table), 7)
        for row in table.values():
            self.assertEqual(len(row), 17)
        self.assertEqual(table["idle"]["start"], "preparing")
        self.assertEqual(table["retry_wait"]["soft_stop"], "stopping")
        self.assertEqual(table["stopping"]["part"], "late")
        self.assertEqual(table["idle"]["closed"], "never")
        table = machine_picture.table_of(
            (ROOT / "actors/attempt_machine.hpp").read_text(),
            "attempt_phase", "attempt_input")
        self.assertEqual(len(table), 11)
        for row in table.values():
            self.assertEqual(len(row), 11)
        self.assertEqual(table["reported"]["exit"], "ended")
        self.assertEqual(table["held"]["settle"], "settled")
        self.assertEqual(table["held"]["report"], "late")

    def test_a_changed_cell_is_noticed_and_drawn_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("actors/stream_machine.hpp",
                         "actors/attempt_machine.hpp", "docs/ARCHITECTURE.md"):
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_text((ROOT / name).read_text())
            code = root / "actors/stream_machine.hpp"
            code.write_text(code.read_text().replace(
                "/* idle       */ {prep,", "/* idle       */ {late,"))
            self.assertEqual(run("--check", root).returncode, 1)
            self.assertEqual(run(root).returncode, 0)
            self.assertEqual(run("--check", root).returncode, 0)
            self.assertNotIn("idle --> preparing",
                             (root / "docs/ARCHITECTURE.md").read_text())


if __name__ == "__main__":
    unittest.main()
