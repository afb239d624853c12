"""What a row needs: folders with buildspecs, processes measured in turn, and a place for the figure.

A file of `rows/` is one room of the program. It has a list ROWS of functions; each takes a Bench and adds one or more
rows. Whatever it makes goes below `bench.folder`, which is removed at the end.
"""

import os
import pathlib
import pty
import resource
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
IMAGE = os.environ.get("BUILDSPEC_IMAGE", "buildspec/base")


class Skip(Exception):
    """A row that can't be measured here, and why."""


class Failed(Exception):
    """A command of a row did not end as it should."""


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
        for command in commands:
            lines += ["      - |", *("        " + line for line in command.splitlines())]
        (folder / "buildspec.yml").write_text("\n".join(lines) + "\n")
        return folder

    def build(self, source, *flags):
        """The command that builds a source in a container."""
        return [self.binary, "run", str(source), "-i", IMAGE, "--log-format", "codebuild", *flags]

    def once(self, command, output=subprocess.DEVNULL, cwd=None, env=None):
        """One process: (seconds, peak memory of the process itself in MiB). `output` may be "pty"."""
        started = time.perf_counter()
        with terminal() if output == "pty" else Given(output) as stdout:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, cwd=cwd,
                                     env=env)
            complaint = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            took = time.perf_counter() - started
        child.stderr.close()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise Failed(f"{shown(command)} ended with {child.returncode}: {complaint.decode(errors='replace')[-2000:]}")
        return took, usage.ru_maxrss / 1024

    def first_byte(self, command):
        """Seconds until a process prints something; it then runs to its end."""
        started = time.perf_counter()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as child:
            child.stdout.read(1)
            took = time.perf_counter() - started
            child.stdout.read()
        if child.returncode != 0:
            raise Failed(f"{shown(command)} ended with {child.returncode}")
        return took

    def turns(self, *commands, output=None, runs=None, **how):
        """Runs all commands once, then again (A B C A B C ...): for each a list of (seconds, MiB).

        `output` is "file" (a new one for each process), "pty", or nothing. `runs` is less than --runs for slow rows.
        """
        results = [[] for _ in commands]
        for _ in range(min(runs or self.runs, self.runs)):
            for command, into in zip(commands, results):
                if output == "file":
                    with tempfile.TemporaryFile(dir=self.folder) as file:
                        into.append(self.once(command, file, **how))
                else:
                    into.append(self.once(command, output or subprocess.DEVNULL, **how))
        return results

    def row(self, what, against="", ours="", other="", figure="", target=""):
        """One line of the table; all are texts."""
        print(f"{what:56} {ours:>12} {other:>12} {figure:>16}   {target and 'target ' + target}", flush=True)
        self.rows.append((what, against, ours, other, figure, target))

    def compare(self, what, against, ours, other, target):
        """A row whose figure is the ratio of two medians."""
        ours, other = median(ours), median(other)
        self.row(what, against, ms(ours), ms(other), ratio(ours, other), target)

    def memory(self, what, results, target):
        """A row with the largest peak of a process."""
        self.row(f"{what}, peak memory", "", peak(results), "", "", target)


class Given:
    """A stream that somebody else closes."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self.stream

    def __exit__(self, *_):
        pass


class terminal:
    """A terminal whose other end reads as fast as it can and throws everything away."""

    def __enter__(self):
        self.ours, self.theirs = pty.openpty()
        self.reader = threading.Thread(target=self.drain, daemon=True)
        self.reader.start()
        return self.theirs

    def drain(self):
        try:
            while os.read(self.ours, 1 << 16):
                pass
        except OSError:
            pass

    def __exit__(self, *_):
        os.close(self.theirs)
        self.reader.join()
        os.close(self.ours)


def need(command):
    """The path of a command that a row can't do without."""
    found = shutil.which(command)
    if found is None:
        raise Skip(f"there is no `{command}` here")
    return found


def need_image():
    """A row needs an engine and the image."""
    need("docker")
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode != 0:
        raise Skip(f"the engine has no image {IMAGE}, or there is no engine (make image)")


def docker_run(*command):
    return ["docker", "run", "--rm", IMAGE, *command]


def median(results, index=0):
    return statistics.median(result[index] for result in results)


def peak(results):
    """The largest peak of a process. Linux counts that of this one in, until it became the other."""
    largest = max(peak for _, peak in results)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{'at most ' if largest <= own else ''}{largest:.0f} MiB"


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def ratio(a, b):
    return f"{a / b:.2f} x"


def shown(command):
    return " ".join(str(word) for word in command)[:300]
