#!/usr/bin/env python3
"""Measures buildspec beside plain Docker, in turn (A B A B ...), and writes benches/RESULTS.md.

Every row is a ratio or a difference of medians from one run on one machine: the machines are shared and noisy, so no
figure of this file is ever asserted in a test. Needs a Docker engine with the image buildspec/base.
"""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGE = os.environ.get("BUILDSPEC_IMAGE", "buildspec/base")


class Bench:
    def __init__(self, binary, runs, folder):
        self.binary = str(binary)
        self.runs = runs
        self.folder = pathlib.Path(folder)
        self.rows = []

    def source(self, name, commands):
        """A folder with a buildspec of these build commands."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["version: 0.2", "phases:", "  build:", "    commands:"]
        lines += ["      - " + repr(command).replace('\\\\', '\\') for command in commands]
        (folder / "buildspec.yml").write_text("\n".join(lines) + "\n")
        return folder

    def build(self, source, *flags):
        return [self.binary, "run", str(source), "-i", IMAGE, "--log-format", "codebuild", *flags]

    def once(self, command, output=subprocess.DEVNULL):
        """Seconds and peak memory (MiB) of one process of ours."""
        started = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE)
        complaint = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - started
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{command} failed: {complaint.decode(errors='replace')}")
        return took, usage.ru_maxrss / 1024

    def pair(self, ours, other, output=False, runs=None):
        """Both in turn; lists of (seconds, MiB)."""
        results = ([], [])
        for _ in range(runs or self.runs):
            for command, into in zip((ours, other), results):
                if output:
                    with tempfile.TemporaryFile(dir=self.folder) as file:
                        into.append(self.once(command, file))
                else:
                    into.append(self.once(command))
        return results

    def row(self, what, against, ours, other, figure, target):
        print(f"{what:48} {ours:>12} {other:>12} {figure:>10}   target {target}", flush=True)
        self.rows.append((what, against, ours, other, figure, target))


def median(results, index=0):
    return statistics.median(result[index] for result in results)


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def ratio(a, b):
    return f"{a / b:.2f} x"


def docker_run(*command):
    return ["docker", "run", "--rm", IMAGE, *command]


def four_echoes(bench):
    source = bench.source("echoes", [f"echo {word}" for word in ("one", "two", "three", "four")])
    ours, docker = bench.pair(bench.build(source), docker_run("sh", "-c", "echo one; echo two; echo three; echo four"))
    bench.row("build of four echos, whole process", "`docker run --rm` of the same",
              ms(median(ours)), ms(median(docker)), ratio(median(ours), median(docker)), "1.10 x")


def one_more_command(bench):
    many = bench.source("many", ["true"] * 500)
    few = bench.source("few", ["true"])
    container = subprocess.check_output(["docker", "run", "-d", "--rm", IMAGE, "sleep", "1000"], text=True).strip()
    try:
        ours, base = bench.pair(bench.build(many), bench.build(few))
        one, _ = bench.pair(["docker", "exec", container, "true"], ["true"])
    finally:
        subprocess.run(["docker", "kill", container], stdout=subprocess.DEVNULL, check=False)
    each = (median(ours) - median(base)) / 499
    bench.row("one more trivial command (of 500)", "one `docker exec`",
              ms(each), ms(median(one)), ratio(each, median(one)), "0.06 x")


def large_source(bench):
    source = bench.source("files", ["true"])
    for folder in range(500):
        (source / f"d{folder}").mkdir(exist_ok=True)
        for file in range(100):
            (source / f"d{folder}" / f"f{file}").write_text("x" * 64)
    empty = bench.source("empty", ["true"])
    for mode, target in (("overlay", "+0.3 s"), ("copy", "listed")):
        ours, base = bench.pair(bench.build(source, "--source-mode", mode), bench.build(empty, "--source-mode", mode),
                                runs=min(bench.runs, 5))
        more = median(ours) - median(base)
        bench.row(f"50,000 source files, {mode}", "an empty source",
                  ms(median(ours)), ms(median(base)), f"+{more:.2f} s", target)


OUTPUT = {
    "300 MB of output": ("head -c 300000000 /dev/zero | tr '\\0' 'x' | fold -w 99", "1.3 x"),
    "50 MB without a newline": ("head -c 50000000 /dev/zero | tr '\\0' 'x'", "1.5 x"),
    "a million short lines": ("seq 1000000", "1.5 x"),
}


def output(bench):
    for what, (command, target) in OUTPUT.items():
        source = bench.source("output", [])
        (source / "buildspec.yml").write_text(
            "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        " + command + "\n")
        docker = ["docker", "run", "--rm", "--log-driver", "none", IMAGE, "sh", "-c", command]
        ours, other = bench.pair(bench.build(source), docker, output=True, runs=min(bench.runs, 5))
        bench.row(f"{what}, to a file", "`docker run --log-driver none`",
                  ms(median(ours)), ms(median(other)), ratio(median(ours), median(other)), target)
        bench.row(f"{what}, peak memory", "", f"{median(ours, 1):.0f} MiB", "", "", "64 MiB")


def start_up(bench):
    source = bench.source("valid", ["echo hello"])
    for what, command, target in (
        ("`--version`", [bench.binary, "--version"], "5 ms"),
        ("one `validate`", [bench.binary, "validate", str(source / "buildspec.yml")], "10 ms"),
    ):
        ours, other = bench.pair(command, ["true"], runs=bench.runs * 3)
        bench.row(what, "`true`", ms(median(ours)), ms(median(other)), "", target)


def reports(bench):
    """The reader of test reports beside a scan of the same file that looks at nothing."""
    file = bench.folder / "million.xml"
    with file.open("w") as out:
        out.write("<testsuites><testsuite name='big' tests='1000000' failures='100000'>")
        for number in range(1_000_000):
            out.write(f'<testcase classname="org.example.shop.checkout.SomeLongClassNameTest{number // 100}" '
                      f'name="takes the money and runs with case number {number}" time="0.00{number % 10}" '
                      'file="src/test/java/org/example/shop/checkout/Test.java"')
            if number % 10 == 0:
                out.write(f'><failure message="expected &lt;1&gt;">at Test.java:{number}</failure></testcase>\n')
            else:
                out.write("/>\n")
        out.write("</testsuite></testsuites>")
    examples = pathlib.Path(bench.binary).parent / "examples"
    ours, other = bench.pair([examples / "read_report", file], [examples / "scan_xml", file])
    bench.row(f"JUnit file of 1,000,000 cases, {file.stat().st_size // 1_000_000} MB", "a bare scan by quick-xml",
              ms(median(ours)), ms(median(other)), ratio(median(ours), median(other)), "1.5 x")
    bench.row("JUnit file of 1,000,000 cases, peak memory", "", f"{median(ours, 1):.0f} MiB", "", "", "256 MiB")
    file.unlink()


def machine():
    docker = subprocess.check_output(["docker", "version", "--format", "{{.Server.Version}}"], text=True).strip()
    driver = subprocess.check_output(["docker", "info", "--format", "{{.Driver}}"], text=True).strip()
    return (f"{os.cpu_count()} cores, Linux {platform.release()}, Docker Engine {docker} ({driver}), "
            f"load {os.getloadavg()[0]:.1f} at the start")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--binary", default=ROOT / "target/release/buildspec", type=pathlib.Path)
    parser.add_argument("rows", nargs="*", help="only these: " + ", ".join(ROWS))
    arguments = parser.parse_args()
    if shutil.which("docker") is None:
        sys.exit("make bench needs Docker: there is no `docker` here")
    described = machine()
    with tempfile.TemporaryDirectory(prefix="buildspec-bench-") as folder:
        bench = Bench(arguments.binary, arguments.runs, folder)
        for name in arguments.rows or ROWS:
            ROWS[name](bench)
    if arguments.rows:
        return
    size = arguments.binary.stat().st_size / 1e6
    text = ["# What was measured", "",
            f"{datetime.date.today()}, {described}; medians of {arguments.runs} runs taken in turn (fewer for slow rows);",
            f"binary of {size:.1f} MB. Made by `make bench`; targets are aims, not promises, and no test asserts them.", "",
            "| Row | Against | ours | other | figure | target |", "|---|---|---|---|---|---|"]
    text += ["| " + " | ".join(row) + " |" for row in bench.rows]
    (ROOT / "benches/RESULTS.md").write_text("\n".join(text) + "\n")


ROWS = {
    "four_echoes": four_echoes,
    "one_more_command": one_more_command,
    "large_source": large_source,
    "output": output,
    "start_up": start_up,
    "reports": reports,
}

if __name__ == "__main__":
    main()
