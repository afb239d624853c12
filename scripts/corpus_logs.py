"""Real logs beside logs from here: corpus_logs.py BINARY COMPARE CORPUS

A log tells its buildspec's commands, and what its tools printed: the same commands run here, with stand-ins for the
tools that print it again. What then differs is what this program does otherwise, or what a local build can't have."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

binary, compare, corpus = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
image = os.environ.get("BUILDSPEC_TEST_IMAGE", "buildspec/base")
AGENT = re.compile(r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{6})? (.*)")
# What a log does not tell: a variable of the project; that `/bin/sh` is bash, as on Amazon Linux.
EXTRA = {
    "prajwal-221__AWS_POC_Nodejs__logs.md": ["-e", "DEFAULT_VERSION_TYPE=minor", "--volume", "/bin/bash:/bin/sh:ro"],
}
OWN = {"set", "echo", "if", "cd", "export", "printf", "test", "true", "false"}
REPLAY = """#!/bin/sh
# Prints what stood in the log below the command that runs now.
sed -e '1,3d' -e '/^CODEBUILD_LAST_EXIT=/,$d' /codebuild/output/tmp/script.sh >/tmp/.now
read -r sum _ <<SUM
$(md5sum </tmp/.now)
SUM
[ ! -e "/recorded/$sum" ] || cat "/recorded/$sum"
"""


def parts(text):
    """Lines of the agent with what follows each."""
    found = []
    for line in text.split("\n"):
        agent = AGENT.match(line)
        if agent:
            found.append((agent[1], []))
        elif found:
            found[-1][1].append(line)
    return found


def value_of(name, later):
    """What a variable held, by a later command that showed it."""
    for command, printed in later:
        shown = re.fullmatch(r'echo "([^"]*)\$\{?%s\}?([^"]*)"' % name, command)
        if shown and printed and "$" not in shown[1] + shown[2]:
            line = printed[0]
            if line.startswith(shown[1]) and line.endswith(shown[2]):
                return line[len(shown[1]) : len(line) - len(shown[2]) or None]
    return None


for file in sorted((corpus / "logs").iterdir()):
    text = file.read_text(errors="replace")
    lines = text.splitlines(True)
    numbers = [n for n, line in enumerate(lines) if line.startswith("[Container]")]
    if not numbers:
        continue
    # In a page, a log ends with its block.
    end = next((n for n in range(numbers[-1], len(lines)) if lines[n].startswith("```")), len(lines))
    recorded = "".join(lines[numbers[0] : end])
    if "Running command " not in recorded:
        print("== %s: no commands, nothing to run\n" % file.name)
        continue
    if "Entering phase" not in recorded:
        recorded = "[Container] 2000/01/01 00:00:00 Entering phase BUILD\n" + recorded
    phases, runtimes, phase = {}, {}, "build"
    for text, printed in parts(recorded):
        if text.startswith("Entering phase "):
            phase = text[len("Entering phase ") :].lower()
        elif text.startswith("Running command "):
            phases.setdefault(phase, []).append((text[len("Running command ") :], printed))
        selected = re.match(r"Selecting '(\w+)' runtime version '([^']+)'", text)
        if selected:
            runtimes[selected[1]] = selected[2]
    place = pathlib.Path(tempfile.mkdtemp(prefix="buildspec-logs-"))
    source, stand_ins, outputs = place / "source", place / "stand-ins", place / "recorded"
    for folder in (source, stand_ins, outputs):
        folder.mkdir()
    commands = [item for phase in phases.values() for item in phase]
    for number, (command, printed) in enumerate(commands):
        assigned = re.match(r"(\w+)=\$\(", command)
        value = value_of(assigned[1], commands[number:]) if assigned else None
        said = value + "\n" if value is not None else "\n".join(printed[:-1]) + ("\n" if printed[:-1] else "")
        (outputs / hashlib.md5((command + "\n").encode()).hexdigest()).write_text(said)
        for tool in re.findall(r"(?:^|\$\(|[;&|]\s*)([a-z][\w.-]*)", command):
            if tool not in OWN:
                (stand_ins / tool).write_text(REPLAY)
                (stand_ins / tool).chmod(0o755)
    spec = {"version": "0.2", "phases": {name: {"commands": [c for c, _ in items]} for name, items in phases.items()}}
    if runtimes:
        spec["phases"].setdefault("install", {})["runtime-versions"] = runtimes
    if "Expanding base directory path: ." in recorded:
        spec["artifacts"] = {"files": ["**/*"]}
    (source / "buildspec.yml").write_text(json.dumps(spec))
    catalogue = place / "runtimes.yml"
    known = {name: {"versions": {version: {"commands": []}}} for name, version in runtimes.items()}
    catalogue.write_text(json.dumps({"version": 0.1, "runtimes": known}))
    command = [binary, "run", source, "-i", image, "--log-format", "codebuild", "--offline", "--network", "none"]
    command += ["-e", "PATH=/stand-ins:/usr/local/bin:/usr/bin:/bin", "--volume", "%s:/stand-ins:ro" % stand_ins]
    command += ["--volume", "%s:/recorded:ro" % outputs] + EXTRA.get(file.name, [])
    if runtimes:
        command += ["--volume", "%s:/codebuild/image/config/runtimes.yml:ro" % catalogue]
    clean = {"PATH": os.environ["PATH"], "HOME": str(place)}
    done = subprocess.run(command, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    (place / "there").write_text(recorded)
    (place / "here").write_bytes(done.stdout)
    print("== %s: %d commands" % (file.name, len(commands)), flush=True)
    subprocess.run([compare, place / "there", place / "here"], check=True)
    print(flush=True)
    subprocess.run(["rm", "-rf", place])
