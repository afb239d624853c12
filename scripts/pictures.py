#!/usr/bin/env python3
"""Runs the real program on a terminal of 80 columns and draws its screens: docs/pictures/*.svg.

    pip install pyte; cargo build --release; scripts/pictures.py target/release/buildspec
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from html import escape
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, LINES = 80, 60
CELL_WIDTH, CELL_HEIGHT, EDGE = 8.43, 19, 18
# What a terminal with dark and one with light colours make of the names that the program uses.
DARK = {
    "background": "#011627", "default": "#d6deeb", "red": "#ff6b68", "green": "#8ccf5f", "brown": "#e5c07b",
    "yellow": "#e5c07b", "blue": "#82aaff", "magenta": "#c792ea", "cyan": "#6fd3e8",
    "brightred": "#ff8b88", "brightgreen": "#a8e07f", "brightblue": "#82aaff",
    "brightyellow": "#f0d090", "brightcyan": "#8fe3f8", "brightmagenta": "#d7a8f0",
}
LIGHT = {
    "background": "#fbfbf8", "default": "#24292f", "red": "#c4232b", "green": "#1f7a33", "brown": "#8a6100",
    "yellow": "#8a6100", "blue": "#0b5cc4", "magenta": "#8250df", "cyan": "#0f7285",
    "brightred": "#c4232b", "brightgreen": "#1f7a33", "brightblue": "#0b5cc4",
    "brightyellow": "#8a6100", "brightcyan": "#0f7285", "brightmagenta": "#8250df",
}


class Screen(pyte.Screen):
    """pyte knows no dim letters: they are kept as ones in italics, which the program never uses."""

    def select_graphic_rendition(self, *attributes, private=False):
        attributes = [3 if attribute == 2 else attribute for attribute in attributes]
        super().select_graphic_rendition(*attributes)


def record(command, folder, stop_after=None):
    """The screen when the command has ended, or after some seconds."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, cwd=folder,
                               env=environment, close_fds=True)
    os.close(child)
    screen = Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    end = time.monotonic() + (stop_after or 120)
    os.set_blocking(parent, False)
    while time.monotonic() < end:
        try:
            data = os.read(parent, 65536)
            if not data:
                break
            stream.feed(data)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            break
    if stop_after:
        process.terminate()
    os.set_blocking(parent, True)
    try:
        while os.read(parent, 65536):
            pass
    except OSError:
        pass
    process.wait()
    return screen


def runs(line):
    """Letters of the same look, with the column where they begin."""
    start, text, look = 0, "", None
    for column in range(COLUMNS):
        cell = line[column]
        this = (cell.fg, cell.bold, cell.italics)
        if this != look:
            if text.strip():
                yield start, text, look
            start, text, look = column, "", this
        text += cell.data
    if text.strip():
        yield start, text, look


def svg(screen, prompt, colors, home):
    """`home` is shown as /home/me."""
    lines = [screen.buffer[number] for number in range(LINES)]
    while lines and not any(lines[-1][column].data.strip() for column in range(COLUMNS)):
        lines.pop()
    width = COLUMNS * CELL_WIDTH + 2 * EDGE
    height = (len(lines) + 1) * CELL_HEIGHT + 2 * EDGE
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(prompt, True)}">',
        f'<rect width="100%" height="100%" rx="8" fill="{colors["background"]}"/>',
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" '
        'font-size="14">',
    ]

    def text(row, column, words, color, bold=False, dim=False):
        x, y = EDGE + column * CELL_WIDTH, EDGE + (row + 0.75) * CELL_HEIGHT
        look = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
        length = len(words) * CELL_WIDTH
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" textLength="{length:.1f}" '
                   f'lengthAdjust="spacingAndGlyphs"{look}>{escape(words)}</text>')

    text(0, 0, "$", colors["green"], bold=True)
    text(0, 2, prompt, colors["default"])
    for row, line in enumerate(lines, 1):
        for column, words, (color, bold, dim) in runs(line):
            # One element for each piece: not every reader of SVG keeps two spaces apart.
            for piece in re.finditer(r"\S+(?: \S+)*", words):
                text(row, column + piece.start(), piece[0].replace(home, "/home/me"), colors.get(color, f"#{color}"), bold, dim)
    return "\n".join([*out, "</g>", "</svg>", ""])


def main():
    program = Path(sys.argv[1]).resolve()
    pictures = ROOT / "docs/pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    image = ["-i", "buildspec/base"]
    scenes = [
        ("success", "fixtures/builds/hello", ["run", *image], None),
        ("failure", "scripts/pictures/failure", ["run", *image], None),
        ("plan", "scripts/pictures/failure", ["run", *image, "-e", "STAGE=test", "--from", "build:2", "--plan"], None),
        ("refused", "scripts/pictures/refused", ["validate"], None),
        ("running", "scripts/pictures/running", ["run", *image], 4.5),
    ]
    for name, source, arguments, stop_after in scenes:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "app"
            shutil.copytree(ROOT / source, project, ignore=shutil.ignore_patterns(".buildspec"))
            screen = record([program, *arguments], project, stop_after)
        prompt = " ".join(["buildspec", *arguments])
        for file, colors in ((f"{name}.svg", DARK), (f"{name}-light.svg", LIGHT)):
            (pictures / file).write_text(svg(screen, prompt, colors, folder))
            print(pictures / file)


if __name__ == "__main__":
    main()
