"""How large the program is, and what it is made of."""

import os
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
    """Takes minutes."""
    need("cargo")
    with tempfile.TemporaryDirectory(prefix="buildspec-clean-") as target:
        started = time.perf_counter()
        done = subprocess.run(["cargo", "build", "--release", "--locked", "--target-dir", target], cwd=ROOT,
                              capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
    if done.returncode != 0:
        raise Failed(done.stderr[-2000:])
    bench.row(f"clean release build, {os.cpu_count()} cores", "", f"{took:.0f} s")


ROWS = [binary_and_crates, clean_build]
