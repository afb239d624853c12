"""What a build leaves, on its way to the host: few files of many, many files, one large file."""

import shutil
import subprocess

from bench import IMAGE, median, ms, need_image, ratio


def source(bench, name, command, files=None):
    """A build of one command, with these artifacts."""
    folder = bench.source(name, [command])
    if files:
        with (folder / "buildspec.yml").open("a") as buildspec:
            buildspec.write(f"artifacts:\n  files:\n    - '{files}'\n")
    return folder


def fill(folder, size):
    """500 folders of 100 files."""
    for number in range(500):
        below = folder / "tree" / f"d{number}"
        below.mkdir(parents=True, exist_ok=True)
        for file in range(100):
            (below / f"f{file}").write_bytes(b"x" * size)


def few_of_many(bench):
    need_image()
    some, none = source(bench, "few-of-many", "true", "**/d7/f?"), source(bench, "none-of-many", "true")
    for folder in (some, none):
        fill(folder, 1)
    ours, base = bench.turns(bench.build(some), bench.build(none), runs=5)
    bench.row("10 of 50,000 files as artifacts", "a build without artifacts", ms(median(ours)), ms(median(base)),
              f"+{median(ours) - median(base):.2f} s", "+0.3 s")


def many_files(bench):
    """The build without artifacts is taken off; `docker cp` has a running container and the same files."""
    need_image()
    every, none = source(bench, "every-of-many", "true", "tree/**/*"), source(bench, "none", "true")
    fill(every, 2000)
    container = subprocess.check_output(["docker", "run", "-d", "--rm", "-v", f"{every / 'tree'}:/tree:ro", IMAGE,
                                         "sleep", "10000"], text=True).strip()
    target = bench.folder / "copied"
    copy = ["sh", "-c", f"rm -rf '{target}' && docker cp {container}:/tree '{target}'"]
    keep = ["--keep-builds", "1"]
    try:
        ours, base, other = bench.turns(bench.build(every, *keep), bench.build(none, *keep), copy, runs=5)
    finally:
        subprocess.run(["docker", "kill", container], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(target, ignore_errors=True)
    took = median(ours) - median(base)
    bench.row("50,000 files of 100 MB as artifacts", "`docker cp` of the same folder", ms(took), ms(median(other)),
              ratio(took, median(other)), "1.2 x")


def large_file(bench):
    need_image()
    folder = source(bench, "large-file", "truncate -s 4G big", "big")
    (ours,) = bench.turns(bench.build(folder), runs=1)
    bench.memory("4 GB file as an artifact", ours, "64 MiB")
    shutil.rmtree(folder / ".buildspec", ignore_errors=True)


ROWS = [few_of_many, many_files, large_file]
