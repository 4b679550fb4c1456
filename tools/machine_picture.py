#!/usr/bin/env python3
"""Draws the table of actors/stream_machine.hpp into docs/ARCHITECTURE.md.

usage: machine_picture.py [--check] [ROOT]

The graph stands between two marks in the document. With --check nothing is
written: exit code 1 and a sentence if what stands there is not the table.
"""
import pathlib
import re
import sys

BEGIN = "<!-- machine: begin (tools/machine_picture.py) -->"
END = "<!-- machine: end -->"
SHORT = {"idle": "idle", "prep": "preparing", "strm": "streaming",
         "tool": "tool_running", "wait": "retry_wait", "stop": "stopping",
         "finl": "finalizing"}


def names_of(text, what):
    """The enumerators of `enum class WHAT`, in order."""
    body = re.search(r"enum class " + what + r" [^{]*\{(.*?)\};", text, re.S)
    return re.findall(r"^\s*(\w+),?\s*(?:///.*)?$", body.group(1), re.M)


def table_of(text):
    """{phase: {input: phase | "late" | "never"}}, in the order of the code."""
    phases, inputs = names_of(text, "phase"), names_of(text, "input")
    block = re.search(r"transition\[phase_count\]\[input_count\] = \{(.*?)\n\};",
                      text, re.S).group(1)
    rows = re.findall(r"\{([^}]*)\}", block)
    if len(rows) != len(phases):
        raise ValueError(f"{len(rows)} rows for {len(phases)} phases")
    table = {}
    for phase, row in zip(phases, rows):
        cells = [cell.strip() for cell in row.split(",")]
        if len(cells) != len(inputs):
            raise ValueError(f"{phase}: {len(cells)} cells for {len(inputs)}")
        table[phase] = {name: {"nevr": "never"}.get(cell, SHORT.get(cell, cell))
                        for name, cell in zip(inputs, cells)}
    return table


def picture(table):
    edges = {}
    for phase, row in table.items():
        for name, to in row.items():
            if to not in ("late", "never", phase):
                edges.setdefault((phase, to), []).append(name)
    lines = ["```mermaid", "stateDiagram-v2", "  [*] --> idle"]
    lines += [f"  {a} --> {b}: {', '.join(names)}"
              for (a, b), names in edges.items()]
    lines += ["```", "", "| phase | stays on | late, dropped |", "|---|---|---|"]
    for phase, row in table.items():
        stays = ", ".join(n for n, to in row.items() if to == phase) or "–"
        late = ", ".join(n for n, to in row.items() if to == "late") or "–"
        lines.append(f"| {phase} | {stays} | {late} |")
    return "\n".join(lines)


def main(arguments):
    check = "--check" in arguments
    rest = [a for a in arguments if a != "--check"]
    root = pathlib.Path(rest[0]) if rest else pathlib.Path(
        __file__).resolve().parent.parent
    code = (root / "actors/stream_machine.hpp").read_text()
    path = root / "docs/ARCHITECTURE.md"
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"{path}: the marks of the picture are not there once")
        return 1
    head, rest = text.split(BEGIN)
    made = f"{head}{BEGIN}\n{picture(table_of(code))}\n{END}" + rest.split(END)[1]
    if check:
        if made != text:
            print(f"{path}: the picture is not that of the table; run "
                  "tools/machine_picture.py")
        return made != text
    path.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
