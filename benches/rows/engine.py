"""A build as a whole beside plain Docker: starting, one more command, source, output."""

import os
import subprocess

from bench import IMAGE, Failed, Skip, docker_run, median, ms, need, need_image, ratio


def four_echoes(bench):
    need_image()
    source = bench.source("echoes", [f"echo {word}" for word in ("one", "two", "three", "four")])
    ours, docker = bench.turns(bench.build(source),
                               docker_run("sh", "-c", "echo one; echo two; echo three; echo four"))
    bench.compare("build of four echos, whole process", "`docker run --rm` of the same", ours, docker, "1.10 x")


def four_echoes_by_wrkflw(bench):
    """wrkflw runs GitHub's workflows in containers: the same four commands in its language."""
    need_image()
    wrkflw = os.environ.get("WRKFLW") or need("wrkflw")
    source = bench.source("echoes", [f"echo {word}" for word in ("one", "two", "three", "four")])
    folder = bench.folder / "wrkflw"
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    lines = ["name: echoes", "on: push", "jobs:", "  build:", "    runs-on: ubuntu-latest",
             f"    container: {IMAGE}", "    steps:"]
    lines += [f"      - run: echo {word}" for word in ("one", "two", "three", "four")]
    (workflows / "echoes.yml").write_text("\n".join(lines) + "\n")
    command = [wrkflw, "run", "--runtime", "docker", str(workflows / "echoes.yml")]
    try:
        bench.once(command, cwd=folder)
    except Failed as why:
        raise Skip(f"wrkflw does not run the workflow here: {why}") from why
    ours, theirs = bench.turns(bench.build(source), command, cwd=folder)
    bench.compare("build of four echos, whole process", "wrkflw, the same in a workflow", ours, theirs, "0.5 x")


def first_byte(bench):
    """What a person waits for: the container is there when CodeBuild's log begins; pretty begins at once."""
    need_image()
    source = bench.source("one", ["echo one"])
    for name in ("codebuild", "pretty"):
        command = [bench.binary, "run", str(source), "-i", IMAGE, "--log-format", name]
        took = [(bench.first_byte(command), 0) for _ in range(bench.runs)]
        bench.row(f"first byte of `run`, {name}", "", ms(median(took)))


def one_more_command(bench):
    need_image()
    many = bench.source("many", ["true"] * 500)
    few = bench.source("few", ["true"])
    container = subprocess.check_output(["docker", "run", "-d", "--rm", IMAGE, "sleep", "1000"], text=True).strip()
    try:
        for count in (3, 100):
            variables = [word for number in range(count) for word in ("-e", f"VARIABLE_{number}=value {number}")]
            ours, base, one = bench.turns(bench.build(many, *variables), bench.build(few, *variables),
                                          ["docker", "exec", container, "true"])
            each = (median(ours) - median(base)) / 499
            bench.row(f"one more trivial command (of 500), {count} variables", "one `docker exec`",
                      ms(each), ms(median(one)), ratio(each, median(one)), "0.06 x")
    finally:
        subprocess.run(["docker", "kill", container], stdout=subprocess.DEVNULL, check=False)


def large_source(bench):
    """How much longer a source of 50,000 files takes than an empty one, for each way into the container."""
    need_image()
    source = bench.source("files", ["true"])
    for folder in range(500):
        (source / f"d{folder}").mkdir(exist_ok=True)
        for file in range(100):
            (source / f"d{folder}" / f"f{file}").write_text("x" * 64)
    empty = bench.source("empty", ["true"])
    for mode, target in (("overlay", "+0.3 s"), ("mount", "")):
        ours, base = bench.turns(bench.build(source, "--source-mode", mode),
                                 bench.build(empty, "--source-mode", mode), runs=5)
        more = median(ours) - median(base)
        bench.row(f"50,000 source files, {mode}", "an empty source",
                  ms(median(ours)), ms(median(base)), f"{more:+.2f} s", target)
    container = subprocess.check_output(["docker", "run", "-d", "--rm", "-v", "/copied", IMAGE, "sleep", "1000"],
                                        text=True).strip()
    pipe = f"tar -C '{source}' -c . | docker exec -i {container} tar -x -C /copied"
    try:
        ours, base, tar = bench.turns(bench.build(source, "--source-mode", "copy"),
                                      bench.build(empty, "--source-mode", "copy"), ["sh", "-c", pipe], runs=3)
    finally:
        subprocess.run(["docker", "kill", container], stdout=subprocess.DEVNULL, check=False)
    more = median(ours) - median(base)
    bench.row("50,000 source files, copy, less an empty source", "`tar \\| docker exec -i tar x`",
              ms(more), ms(median(tar)), ratio(more, median(tar)), "1.2 x")


OUTPUT = {
    "300 MB of output": ("head -c 300000000 /dev/zero | tr '\\0' 'x' | fold -w 99", "1.3 x"),
    "50 MB without a newline": ("head -c 50000000 /dev/zero | tr '\\0' 'x'", "1.5 x"),
    "a million short lines": ("seq 1000000", "1.5 x"),
}


def output(bench):
    need_image()
    for what, (command, target) in OUTPUT.items():
        source = bench.source("output", [command])
        docker = ["docker", "run", "--rm", "--log-driver", "none", IMAGE, "sh", "-c", command]
        for into in ("file", "pty"):
            ours, other = bench.turns(bench.build(source), docker, output=into, runs=5)
            name = f"{what}, to a {'file' if into == 'file' else 'terminal-like pty'}"
            bench.compare(name, "`docker run --log-driver none`", ours, other, target)
            bench.memory(name, ours, "64 MiB")


ROWS = [four_echoes, four_echoes_by_wrkflw, first_byte, one_more_command, large_source, output]
