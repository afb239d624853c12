"""How large the program is, and what it is made of."""

import collections
import os
import pathlib
import re
import subprocess
import tempfile
import time

from bench import ROOT, Failed, need


def tree(*arguments):
    done = subprocess.run(["cargo", "tree", "--locked", "-e", "normal", "--prefix", "none", "--format", "{p}", *arguments],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return {line.removesuffix(" (*)") for line in done.stdout.splitlines() if line} - {""}


def binary_and_crates(bench):
    need("cargo")
    bench.row("binary, stripped", "", f"{os.stat(bench.binary).st_size / 1e6:.1f} MB")
    every = tree()
    bench.row("crates", "", str(len(every)))
    previous = set()
    for features, what in (("", "validate and schema"), ("run", "all verbs, on the host"), ("docker", "with containers"),
                           ("aws", "with AWS (alone)")):
        crates = tree("--no-default-features", "--features", features)
        more = crates - previous if features != "aws" else crates - tree("--no-default-features", "--features", "run")
        bench.row(f"crates, {what}", "", str(len(crates)), "", f"+{len(more)}")
        previous = crates


def clean_build(bench):
    """Takes minutes. With symbols, so that the same build tells what the program is made of."""
    need("cargo")
    with tempfile.TemporaryDirectory(prefix="buildspec-clean-") as target:
        started = time.perf_counter()
        done = subprocess.run(["cargo", "build", "--release", "--locked", "--target-dir", target], cwd=ROOT,
                              env=os.environ | {"CARGO_PROFILE_RELEASE_STRIP": "none"},
                              capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
        if done.returncode != 0:
            raise Failed(done.stderr[-2000:])
        bench.row(f"clean release build, {os.cpu_count()} cores", "", f"{took:.0f} s")
        made_of(bench, pathlib.Path(target) / "release/buildspec")


def made_of(bench, binary):
    """The machine code by crate; generic code counts for the crate that wrote it, not for the one that uses it."""
    need("nm")
    listed = subprocess.run(["nm", "--demangle", "--print-size", str(binary)], capture_output=True, text=True, check=True)
    sizes = collections.Counter()
    for line in listed.stdout.splitlines():
        found = re.match(r"\w+ (\w+) [tTwW] (.*)", line)
        if found:
            sizes[crate(found[2])] += int(found[1], 16)
    whole = sum(sizes.values())
    bench.row("machine code in it", "", f"{whole / 1e6:.1f} MB")
    for name, size in sizes.most_common(15):
        bench.row(f"... of `{name}`", "", f"{size / 1e6:.2f} MB", "", f"{100 * size / whole:.0f} %")


def crate(symbol):
    """`<a::B as c::D>::f` and `a::f` are of a; what has no path is C."""
    found = re.match(r"[<&*\[(]*(?:mut |dyn )?(\w+)(?:\[\w+\])?::", symbol)
    return {"core": "std", "alloc": "std"}.get(found[1], found[1]) if found else "C"


ROWS = [binary_and_crates, clean_build]
