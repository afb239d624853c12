#!/usr/bin/env python3
"""Measures buildspec beside what people use instead, in turn (A B A B ...), and writes benches/RESULTS.md.

Every row is a ratio or a difference of medians from one run on one machine: the machines are shared and noisy, so no
figure of this folder is ever asserted in a test. A row that lacks what it needs is skipped, and says so.
"""

import argparse
import datetime
import importlib
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from bench import ROOT, Bench, Failed, Skip  # noqa: E402

ROOMS = sorted(path.stem for path in (ROOT / "benches/rows").glob("*.py"))


def rows(room):
    return importlib.import_module(f"rows.{room}").ROWS


def chosen(wanted):
    """(room, row) pairs; a filter is a part of `room/row`."""
    every = [(room, row) for room in ROOMS for row in rows(room)]
    found = [(room, row) for room, row in every
             if not wanted or any(word in f"{room}/{row.__name__}" for word in wanted)]
    if not found:
        sys.exit("no such row; there are: " + ", ".join(f"{room}/{row.__name__}" for room, row in every))
    return found


def machine():
    try:
        asked = subprocess.run(["docker", "info", "--format", "Docker Engine {{.ServerVersion}} ({{.Driver}})"],
                               capture_output=True, text=True, check=False)
        engine = asked.stdout.strip() if asked.returncode == 0 else "no Docker engine"
    except FileNotFoundError:
        engine = "no Docker engine"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GiB, Linux {platform.release()}, {engine}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def table(rows):
    text = ["| Row | Against | ours | other | figure | target |", "|---|---|---|---|---|---|"]
    return text + ["| " + " | ".join(row) + " |" for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11, help="how often each process runs, at most [11]")
    parser.add_argument("--binary", default=ROOT / "target/release/buildspec", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[], metavar="ROW",
                        help="leave this row out, such as clean_build, which takes minutes")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("rows", nargs="*", help="only these rooms or rows (of " + ", ".join(ROOMS) +
                        "); RESULTS.md then stays as it is")
    arguments = parser.parse_args()
    work = [(room, row) for room, row in chosen(arguments.rows) if row.__name__ not in arguments.without]
    if arguments.list:
        print("\n".join(f"{room:10} {row.__name__}" for room, row in work))
        return 0
    described = machine()
    print(described, flush=True)
    sections, skipped, failed = [], [], []
    with tempfile.TemporaryDirectory(prefix="buildspec-bench-") as folder:
        for room, row in work:
            bench = Bench(arguments.binary.resolve(), arguments.runs, folder)
            name = f"{room}/{row.__name__}"
            try:
                row(bench)
            except Skip as why:
                skipped.append(f"* `{name}` was SKIPPED: {why}")
                print(f"{name}: SKIPPED: {why}", flush=True)
            except Failed as why:
                failed.append(f"* `{name}` FAILED: {why}")
                print(f"{name}: FAILED: {why}", flush=True)
            if not sections or sections[-1][0] != room:
                sections.append((room, []))
            sections[-1][1].extend(bench.rows)
    if not arguments.rows:
        head = [
            "# What was measured", "",
            f"{datetime.date.today()}, {described}; medians of {arguments.runs} runs taken in turn (fewer for slow rows).",
            "Made by `make bench`; targets are aims, not promises, and no test asserts them. What the time is spent on is in",
            "[NOTES.md](NOTES.md).", "",
        ]
        parts = [line for room, found in sections for line in (f"## {room}", "", *table(found), "")]
        (ROOT / "benches/RESULTS.md").write_text("\n".join(head + parts + skipped + failed).rstrip() + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
