"""A build as a whole beside plain Docker: starting, one more command, source, output."""

import subprocess

from bench import IMAGE, docker_run, median, ms, need_image, ratio


def four_echoes(bench):
    need_image()
    source = bench.source("echoes", [f"echo {word}" for word in ("one", "two", "three", "four")])
    ours, docker = bench.turns(bench.build(source),
                               docker_run("sh", "-c", "echo one; echo two; echo three; echo four"))
    bench.compare("build of four echos, whole process", "`docker run --rm` of the same", ours, docker, "1.10 x")


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
    need_image()
    source = bench.source("files", ["true"])
    for folder in range(500):
        (source / f"d{folder}").mkdir(exist_ok=True)
        for file in range(100):
            (source / f"d{folder}" / f"f{file}").write_text("x" * 64)
    empty = bench.source("empty", ["true"])
    for mode, target in (("overlay", "+0.3 s"), ("copy", "")):
        ours, base = bench.turns(bench.build(source, "--source-mode", mode),
                                 bench.build(empty, "--source-mode", mode), runs=5)
        more = median(ours) - median(base)
        bench.row(f"50,000 source files, {mode}", "an empty source",
                  ms(median(ours)), ms(median(base)), f"+{more:.2f} s", target)


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


ROWS = [four_echoes, one_more_command, large_source, output]
