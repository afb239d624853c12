"""What needs no engine: how soon the program is there, and how soon it has read a buildspec."""


def start_up(bench):
    source = bench.source("valid", ["echo hello"])
    for what, command, target in (
        ("`--version`", [bench.binary, "--version"], "5 ms"),
        ("one `validate`", [bench.binary, "validate", str(source / "buildspec.yml")], "10 ms"),
    ):
        ours, other = bench.turns(command, ["/bin/true"], runs=None)
        bench.compare(what, "`/bin/true`", ours, other, target)


ROWS = [start_up]
