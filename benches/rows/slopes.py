"""How time grows with the work: ten times the work must not take more than ten times as long."""

from bench import median, ms, need_image


def slope(bench, what, sizes, command, output=None):
    """`command(size)` for each size, in turn; the smallest stands for what every build costs."""
    need_image()
    results = bench.turns(*[command(size) for size in sizes], output=output, runs=3)
    times = [median(result) for result in results]
    shown = ", ".join(f"{size:,}: {took * 1000:.0f} ms" for size, took in zip(sizes, times))
    # Beyond the smallest: what the last step of more work costs each unit, against the step before it. A ratio to a step
    # that takes no longer than runs of the same work differ would be one to noise, and is none.
    took = [run[0] for run in results[0]]
    noise = max(took) - min(took)
    each = [(later - earlier) / (more - less)
            for earlier, later, less, more in zip(times, times[1:], sizes, sizes[1:])]
    earlier = times[-2] - times[-3]
    growth = f"{each[-1] / each[-2]:.2f} x" if earlier > noise else f"in the noise of {noise * 1000:.0f} ms"
    bench.row(what, shown, f"{each[-1] * 1e6:.2f} us each", f"{each[-2] * 1e6:.2f} us each", growth, "1 x")
    bench.memory(what + f" ({sizes[-1]:,})", results[-1], "")


def commands(bench):
    slope(bench, "slope over commands", (1, 200, 2000),
          lambda size: bench.build(bench.source(f"commands-{size}", ["true"] * size)))


def variables(bench):
    source = bench.source("variables", ["true"] * 20)

    def command(size):
        file = bench.folder / f"variables-{size}.env"
        file.write_text("".join(f"VARIABLE_{number}=value number {number}\n" for number in range(size)))
        return bench.build(source, "--env-file", str(file))

    slope(bench, "slope over variables, 20 commands", (10, 100, 1000), command)


def output(bench):
    slope(bench, "slope over output, MB to a file", (1, 100, 1000),
          lambda size: bench.build(bench.source(f"output-{size}", [f"yes 'a line of output that is fifty letters long....' | head -c {size}000000"])),
          output="file")


def source(bench):
    def command(size):
        folder = bench.source(f"files-{size}", ["true"])
        for number in range(size):
            file = folder / f"d{number // 100}" / f"f{number}"
            file.parent.mkdir(exist_ok=True)
            file.write_text("x")
        return bench.build(folder)

    slope(bench, "slope over source files, overlay", (100, 10_000, 100_000), command)


ROWS = [commands, variables, output, source]
