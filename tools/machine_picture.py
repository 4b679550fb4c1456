#!/usr/bin/env python3
"""Draws the tables of the actors' machines into docs/ARCHITECTURE.md.

usage: machine_picture.py [--check] [ROOT]

Each graph stands between two marks in the document. With --check nothing is
written: exit code 1 and a sentence if what stands there is not the table.
"""
import pathlib
import re
import sys

# (name in the marks, file, phases, inputs)
MACHINES = [
    ("machine", "actors/stream_machine.hpp", "phase", "input"),
    ("attempt", "actors/attempt_machine.hpp", "attempt_phase", "attempt_input"),
]


def marks(name):
    return (f"<!-- {name}: begin (tools/machine_picture.py) -->",
            f"<!-- {name}: end -->")


def names_of(text, what):
    """The enumerators of `enum class WHAT`, in order."""
    body = re.search(r"enum class " + what + r" [^{]*\{(.*?)\};", text, re.S)
    return re.findall(r"^\s*(\w+),?\s*(?:///.*)?$", body.group(1), re.M)


def table_of(text, of_phases="phase", of_inputs="input"):
    """{phase: {input: phase | "late" | "never"}}, in the order of the code. A
    last phase may have no row: nothing can happen then."""
    phases, inputs = names_of(text, of_phases), names_of(text, of_inputs)
    short = dict(re.findall(r"(\w+) = go\(\w+::(\w+)\)", text), nevr="never")
    block = re.search(r"transition\[\w+\]\[\w+\] = \{(.*?)\n\};",
                      text, re.S).group(1)
    rows = re.findall(r"\{([^}]*)\}", block)
    if len(rows) not in (len(phases), len(phases) - 1):
        raise ValueError(f"{len(rows)} rows for {len(phases)} phases")
    table = {}
    for phase, row in zip(phases, rows):
        cells = [cell.strip() for cell in row.split(",")]
        if len(cells) != len(inputs):
            raise ValueError(f"{phase}: {len(cells)} cells for {len(inputs)}")
        table[phase] = {name: short.get(cell, cell)
                        for name, cell in zip(inputs, cells)}
    return table


def picture(table):
    edges = {}
    for phase, row in table.items():
        for name, to in row.items():
            if to not in ("late", "never", phase):
                edges.setdefault((phase, to), []).append(name)
    lines = ["```mermaid", "stateDiagram-v2", f"  [*] --> {next(iter(table))}"]
    lines += [f"  {a} --> {b if b in table else '[*]'}: {', '.join(names)}"
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
    path = root / "docs/ARCHITECTURE.md"
    text = made = path.read_text()
    for name, file, phases, inputs in MACHINES:
        begin, end = marks(name)
        if made.count(begin) != 1 or made.count(end) != 1:
            print(f"{path}: the marks of {name} are not there once")
            return 1
        table = table_of((root / file).read_text(), phases, inputs)
        head, rest = made.split(begin)
        made = f"{head}{begin}\n{picture(table)}\n{end}" + rest.split(end)[1]
    if check:
        if made != text:
            print(f"{path}: a picture is not that of its table; run "
                  "tools/machine_picture.py")
        return made != text
    path.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
