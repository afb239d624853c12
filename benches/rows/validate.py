"""What needs no engine: how soon the program is there, and how soon it has read buildspecs."""

import itertools
import os
import pathlib
import subprocess

from bench import ROOT, Skip, median, ms, need, peak, ratio


def start_up(bench):
    source = bench.source("valid", ["echo hello"])
    file = str(source / "buildspec.yml")
    for what, command, target in (
        ("`--version`", [bench.binary, "--version"], "5 ms"),
        ("one `validate`", [bench.binary, "validate", "--shellcheck", "never", file], "10 ms"),
    ):
        ours, other = bench.turns(command, ["/bin/true"], runs=None)
        bench.compare(what, "`/bin/true`", ours, other, target)


def with_shellcheck(bench):
    file = str(bench.source("valid", ["echo hello"]) / "buildspec.yml")
    program = need("shellcheck")
    ours, other = bench.turns([bench.binary, "validate", "--shellcheck", program, file], [program, "--version"])
    bench.compare("one `validate` with ShellCheck", "`shellcheck --version`", ours, other, "")


def corpus(bench):
    """Throughput over real files: the folder of scripts/corpus.sh."""
    folder = pathlib.Path(os.environ.get("BUILDSPEC_CORPUS", ROOT / "../shared/corpus")) / "buildspecs"
    if not folder.is_dir():
        raise Skip(f"there is no folder {folder} with buildspecs")
    files = sorted(str(file) for file in folder.iterdir() if file.suffix in (".yml", ".yaml"))
    schema = bench.folder / "schema.json"
    schema.write_bytes(subprocess.check_output([bench.binary, "schema"]))
    ours = [bench.binary, "validate", "--shellcheck", "never", "--fail-on", "never", *files]
    # Both end with 1 when they find something.
    for name, arguments, target in (
        ("yamllint", ["-d", "relaxed"], 50),
        ("check-jsonschema", ["--schemafile", str(schema)], 100),
    ):
        other = ["sh", "-c", '"$@" || [ $? = 1 ]', "sh", need(name), *arguments, *files]
        mine, theirs = bench.turns(ours, other, runs=5)
        mine, theirs = median(mine), median(theirs)
        bench.row(f"`validate` of {len(files)} real files", f"`{name}`", ms(mine), ms(theirs), ratio(theirs, mine) + " faster",
                  f"{target} x faster")


def hostile(bench):
    """Files that are out to take time or memory."""
    head = "version: 0.2\nphases:\n  build:\n    commands:\n"
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]\n" for at in range(1, 40))
    for what, text, again in (
        ("aliases of 2^40 values", bomb, ""),
        ("10 MB of commands", head, "      - echo ab\n"),
        ("10 MB of mistakes", head, "      - echo a: b\n"),
        ("nested 10,000 deep", "[" * 10_000 + "]" * 10_000, ""),
    ):
        file = bench.folder / "hostile.yml"
        with file.open("w") as lines:
            lines.write(text)
            # Never as one text: what this process holds counts as the peak of those that it starts.
            lines.writelines(itertools.repeat(again, 600_000))
        [ours] = bench.turns([bench.binary, "validate", "--fail-on", "never", str(file)], runs=3)
        bench.row(f"`validate`: {what}", "", ms(median(ours)), "", peak(ours), "1000 ms, 200 MiB")


ROWS = [start_up, with_shellcheck, corpus, hostile]
