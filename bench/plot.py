#!/usr/bin/env python3
"""Draws the results of bench/compare as one SVG per figure.

usage: bench/plot.py RESULTS.json FOLDER
"""
import json
import pathlib
import statistics
import sys

BAR, GAP, LEFT, WIDTH = 18, 10, 170, 420


def figures(runs_by_rival):
    names = {"us_per_token": "µs of CPU per token", "p50_ms": "p50, ms",
             "p99_ms": "p99, ms", "kib_per_stream": "KiB per stream",
             "close_p99_ms": "call to closed socket, p99, ms",
             "us_per_batch": "µs per batch"}
    for figure, label in names.items():
        found = {rival: [run[figure] for run in runs]
                 for rival, runs in runs_by_rival.items()
                 if all(run.get(figure) for run in runs)}
        if len(found) > 1:
            yield figure, label, found


def svg(title, found):
    """Medians as bars, minimum and maximum as a line through the end."""
    largest = max(max(values) for values in found.values())
    height = len(found) * (BAR + GAP) + 44
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" '
             f'width="{LEFT + WIDTH + 90}" height="{height}" '
             f'font-family="sans-serif" font-size="13">',
             '<rect width="100%" height="100%" fill="white"/>',
             f'<text x="8" y="22" font-weight="bold">{title}</text>']
    for i, (rival, values) in enumerate(found.items()):
        y = 36 + i * (BAR + GAP)
        scale = WIDTH / largest
        middle = statistics.median(values)
        colour = "#2a6f97" if rival.startswith("penstock") else "#a9b4bd"
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{rival}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{middle * scale:.1f}" '
            f'height="{BAR}" fill="{colour}"/>',
            f'<line x1="{LEFT + min(values) * scale:.1f}" y1="{y + BAR / 2}" '
            f'x2="{LEFT + max(values) * scale:.1f}" y2="{y + BAR / 2}" '
            f'stroke="black"/>',
            f'<text x="{LEFT + max(values) * scale + 6:.1f}" y="{y + 14}">'
            f'{middle:.3g}</text>']
    return "\n".join([*parts, "</svg>", ""])


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    results = json.loads(pathlib.Path(arguments[0]).read_text())
    folder = pathlib.Path(arguments[1])
    folder.mkdir(parents=True, exist_ok=True)
    for question, by_rival in results["runs"].items():
        for figure, label, found in figures(by_rival):
            name = "".join(c if c.isalnum() else "_" for c in question)
            path = folder / f"{name}_{figure}.svg"
            path.write_text(svg(f"{question}: {label}", found))
            print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
