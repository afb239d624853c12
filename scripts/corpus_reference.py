"""A second, small implementation of how CodeBuild runs phases, for corpus_run.py: corpus_reference.py PLAN FOLDER

It is written after the documents, not after the program that it checks: one script a command, state in two files
(fidelity 2.1), a text log. Writes FOLDER/log, and the probes of the commands add to FOLDER/out."""

import json
import os
import subprocess
import sys

plan = json.load(open(sys.argv[1]))
folder = sys.argv[2]
state = folder + "/state"
os.makedirs(state)
log = open(folder + "/log", "wb")

with open(state + "/env.sh", "w") as file:
    for name, value in plan["variables"]:
        file.write("export %s='%s'\n" % (name, value.replace("'", "'\\''")))
with open(state + "/dir.txt", "w") as file:
    file.write(plan["directory"] + "\n")


def say(text):
    log.write(("[Container] <TS> " + text + "\n").encode())


def run(command):
    """A command's exit status."""
    lines = [
        "cd $(cat %s/dir.txt)" % state,
        "set -a",
        ". %s/env.sh" % state,
        command,
        "CODEBUILD_LAST_EXIT=$?",
        "export -p > %s/env.sh" % state,
        "pwd > %s/dir.txt" % state,
        "exit $CODEBUILD_LAST_EXIT",
    ]
    script = "/codebuild/output/tmp/script.sh"
    with open(script, "w") as file:
        file.write("\n".join(lines) + "\n")
    done = subprocess.run(
        [plan["shell"], script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout


def run_list(commands):
    """The sentence about the first failure, or nothing."""
    for command in commands:
        quiet = command == plan["probe"]
        status, printed = run(command)
        if quiet:
            continue
        say("Running command " + command)
        log.write(printed + b"\n")
        if status != 0:
            how = "signal: killed" if status == -9 else "exit status %d" % status
            say("Command did not exit successfully %s %s" % (command, how))
            return "COMMAND_EXECUTION_ERROR Message: Error while executing command: %s. Reason: %s" % (command, how)
    return None


for name in ["install", "pre_build", "build", "post_build"]:
    phase = plan["phases"].get(name, {})
    say("Entering phase " + name.upper())
    failure = run_list(phase.get("commands", []))
    if failure:
        run("export CODEBUILD_BUILD_SUCCEEDING=0")
    failure = run_list(phase.get("finally", [])) and failure or failure
    say("Phase complete: %s State: %s" % (name.upper(), "FAILED" if failure else "SUCCEEDED"))
    say("Phase context status code: " + (failure or " Message: "))
    if failure and (name in ("install", "pre_build") and phase.get("on-failure") != "CONTINUE" or phase.get("on-failure") == "ABORT"):
        break
