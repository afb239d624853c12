"""Runs buildspecs of a corpus with stand-ins for every tool, once by buildspec and once by corpus_reference.py: the log
of the phases, and after every command all variables and the directory, have to be the same.

    corpus_run.py BINARY CORPUS [MOST]     the first MOST of them, by default 200

What this shows is the transport (scripts, state, output, phases), not CodeBuild: both sides were written after the same
documents. Writes a summary to standard output, each difference to standard error; ends with 1 if there is one."""

import concurrent.futures
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

binary, corpus = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
most = int(sys.argv[3]) if len(sys.argv) > 3 else 200
here = pathlib.Path(__file__).resolve().parent
image = os.environ.get("BUILDSPEC_TEST_IMAGE", "buildspec/base")
PATH = "/stand-ins:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/codebuild/user/bin"
PROBE = "/stand-ins/.probe"
PHASES = ["install", "pre_build", "build", "post_build"]

# Would reach out, print the time or the machine, or take long; each has a stand-in although the image has it.
FOREIGN = """apt apt-get apk yum dnf pip pip3 python python3 git curl wget make sudo sleep date hostname uuidgen ls df du free
ps top stat tree file env printenv mktemp nohup dockerd docker aws npm node npx yarn mvn java jq time timeout service su
update-alternatives chown mount ssh-keygen ssh gpg openssl tar zip unzip head tail xargs find""".split()
# Of the shell's own, or so plain that the image's will do.
OWN = set(
    """if then else elif fi for in do done while until case esac function return exit export set unset shift eval exec trap
cd pwd echo printf test true false read local alias source command type ulimit umask wait kill let declare break continue
cat cp mv rm mkdir rmdir touch sed grep awk cut tr sort uniq wc tee basename dirname chmod ln sh bash dash expr seq""".split()
)
# Every line that CodeBuild's agent prints and that these builds can show (fidelity, section 1).
KNOWN = re.compile(
    r"Running on CodeBuild On-demand|Waiting for agent ping|Waiting for DOWNLOAD_SOURCE|Phase is DOWNLOAD_SOURCE"
    r"|CODEBUILD_SRC_DIR=.*|YAML location is .*|No commands found for phase name: \w+|Found possible syntax errors in buildspec: "
    r"|Selecting shell bash as specified in buildspec\.|Setting HTTP client timeout to higher timeout for S3 source"
    r"|Processing environment variables|Skipping install of runtimes\. Runtime version selection is not supported by this build image"
    r"|Moving to directory .*|Cache is not defined in the buildspec|Skip cache due to: no paths specified to be cached"
    r"|Registering with agent|Phases found in YAML: \d| [A-Z_]+: \d+ commands|Entering phase [A-Z_]+|Running command .*"
    r"|Command did not exit successfully .*|Phase complete: [A-Z_]+ State: [A-Z]+|Phase context status code: .*"
    r"|Set report auto-discover timeout to 5 seconds|Expanding base directory path:  \.|Assembling file list|Expanding \."
    r"|Expanding file paths for base directory \.|Expanding \*\*/\*|No matching auto-discover report paths found|Found \d+ file\(s\)"
    r"|Report auto-discover file discovery took \d+\.\d{6} seconds"
)


class Skipped(Exception):
    pass


def texts(value):
    """A phase's commands as CodeBuild takes them."""
    if value is None or value == "":
        return []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Skipped("commands that are no texts")
    return items


def reduced(text):
    """What of a buildspec is about running commands."""
    spec = yaml.load(text, yaml.BaseLoader)
    if not isinstance(spec, dict) or not isinstance(spec.get("phases"), dict):
        raise Skipped("no phases")
    env = spec.get("env") if isinstance(spec.get("env"), dict) else {}
    shell = env.get("shell", "/bin/sh")
    if shell not in ("bash", "/bin/sh", "sh"):
        raise Skipped("a shell of Windows")
    variables = {}
    for section in ["variables", "parameter-store", "secrets-manager"]:
        given = env.get(section)
        for name, value in (given if isinstance(given, dict) else {}).items():
            if re.fullmatch(r"[A-Za-z_]\w*", name) and name != "PATH" and isinstance(value, str):
                variables[name] = value
    phases = {}
    for name in PHASES:
        phase = spec["phases"].get(name)
        if not isinstance(phase, dict):
            continue
        kept = {key: texts(phase.get(key)) for key in ["commands", "finally"]}
        kept = {key: value for key, value in kept.items() if value}
        if phase.get("on-failure") in ("ABORT", "CONTINUE"):
            kept["on-failure"] = phase["on-failure"]
        if kept:
            phases[name] = kept
    everything = "\n".join(c for phase in phases.values() for key in ("commands", "finally") for c in phase.get(key, []))
    if not everything.strip():
        raise Skipped("no commands")
    if re.search(r"(^|[^&>|])&\s*$|& |\$\$|RANDOM|while true|coproc", everything.replace("&& ", ""), re.M):
        raise Skipped("processes in the background, or chance")
    return shell, variables, phases, everything


def furnish(source, stand_ins, everything):
    """Stand-ins for the tools, and files for the paths, that commands name."""
    for word in set(re.findall(r"[A-Za-z0-9_.+-]+", everything)) | set(FOREIGN):
        if word in OWN or not re.match(r"[A-Za-z]", word) or len(word) > 60:
            continue
        file = stand_ins / word
        file.write_text('#!/bin/sh\nif [ -p /dev/stdin ]; then cat >/dev/null; fi\necho "${0##*/} $*"\n')
        file.chmod(0o755)
    probe = stand_ins / ".probe"
    probe.write_text("#!/bin/sh\n{ pwd; /usr/bin/env -0; printf '\\036'; } >>/probe/out\n")
    probe.chmod(0o755)
    for folder in re.findall(r"\b(?:cd|pushd)\s+\"?(?:\$\{?CODEBUILD_SRC_DIR\}?/)?([\w.][\w./-]*)", everything):
        if ".." not in folder:
            (source / folder).mkdir(parents=True, exist_ok=True)
    for path in re.findall(r"(?<![\w$/{}.:-])(?:\./)?((?:[\w.-]+/)*[\w-]+\.(?:sh|py|json|yml|yaml|txt|env|toml|xml|tf|zip|js))\b", everything):
        if ".." in path:
            continue
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text("#!/bin/sh\necho ran\n" if path.endswith(".sh") else "text\n")
            file.chmod(0o755)
    for path in re.findall(r"(?:^|[\s;&|(])\./([\w-]+)(?=\s|$)", everything):
        file = source / path
        if not file.exists():
            file.write_text("#!/bin/sh\necho ran\n")
            file.chmod(0o755)


def probed(phases):
    """Each command followed by a look at the state; one look before the first."""
    result = {}
    for name in PHASES:
        phase = phases.get(name)
        if phase is None:
            continue
        new = dict(phase)
        for key in ("commands", "finally"):
            if key in phase:
                new[key] = [item for command in phase[key] for item in (command, PROBE)]
        result[name] = new
    first = result.setdefault("install", {})
    first["commands"] = [PROBE] + first.get("commands", [])
    return result


def looks(file):
    """What the probes saw: the directory and the variables, those of a single process apart."""
    seen = []
    for part in file.read_bytes().split(b"\036")[:-1]:
        directory, _, rest = part.partition(b"\n")
        pairs = [pair.partition(b"=") for pair in rest.split(b"\0") if pair]
        variables = {name.decode(): value.decode(errors="replace") for name, _, value in pairs}
        for name in ["_", "SHLVL", "HOSTNAME"]:
            variables.pop(name, None)
        seen.append((directory.decode(), variables))
    return seen


def phases_of(log):
    """The log from INSTALL to POST_BUILD without the probes, times replaced."""
    log = re.sub(r"(?m)^\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} ", "[Container] <TS> ", log)
    start, end = log.find("[Container] <TS> Entering phase INSTALL"), log.find("[Container] <TS> Phase complete: UPLOAD_ARTIFACTS")
    log = log[start : end if end >= 0 else len(log)]
    return log.replace("[Container] <TS> Running command %s\n\n" % PROBE, "")


def one(file):
    shell, variables, phases, everything = reduced(file.read_text(errors="replace"))
    place = pathlib.Path(tempfile.mkdtemp(prefix="buildspec-corpus-"))
    try:
        source, stand_ins = place / "source", place / "stand-ins"
        ours, theirs = place / "ours", place / "theirs"
        for folder in (source, stand_ins, ours, theirs):
            folder.mkdir()
        furnish(source, stand_ins, everything)
        spec = {"version": "0.2", "env": {"variables": variables}, "phases": probed(phases)}
        if shell == "bash":
            spec["env"]["shell"] = "bash"
        (source / "buildspec.yml").write_text(json.dumps(spec, ensure_ascii=False))
        shutil.copytree(source, place / "given")
        command = [binary, "run", source, "--log-format", "codebuild", "-i", image, "--network", "none", "--offline"]
        command += ["--timeout", "2", "-e", "PATH=" + PATH, "-e", "CODEBUILD_CONFIG_AUTO_DISCOVER=false"]
        command += ["--volume", "%s:/probe" % ours, "--volume", "%s:/stand-ins:ro" % stand_ins]
        clean = {"PATH": os.environ["PATH"], "HOME": str(place)}
        done = subprocess.run(command, env=clean, stdin=subprocess.DEVNULL, capture_output=True)
        log = done.stdout.decode(errors="replace")
        if done.returncode not in (0, 1) or not (ours / "out").exists():
            raise Skipped("exit %d: %s" % (done.returncode, done.stderr.decode()[:200]))
        seen = looks(ours / "out")
        plan = {"phases": probed(phases), "probe": PROBE, "shell": "bash" if shell == "bash" else "/bin/sh"}
        plan["directory"], first = seen[0]
        plan["variables"] = sorted(first.items())
        (place / "plan.json").write_text(json.dumps(plan))
        there = plan["directory"]
        script = "mkdir -p /codebuild/output/tmp %s && cp -a /given/. %s && exec python3 /scripts/corpus_reference.py /plan.json /probe" % (there, there)
        command = ["docker", "run", "--rm", "--network", "none", "-w", "/", "-v", "%s:/given:ro" % (place / "given")]
        command += ["-v", "%s:/probe" % theirs, "-v", "%s:/stand-ins:ro" % stand_ins, "-v", "%s:/scripts:ro" % here]
        command += ["-v", "%s:/plan.json:ro" % (place / "plan.json"), image, "/bin/sh", "-c", script]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=300)
        return judge(log, done.returncode, seen, looks(theirs / "out"), (theirs / "log").read_text(errors="replace"))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def judge(log, code, seen, expected, reference):
    problems = []
    for line in log.splitlines():
        found = re.match(r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} (.*)", line)
        if found and not KNOWN.fullmatch(found[1]):
            problems.append("a line that CodeBuild does not print: " + line)
    if phases_of(log) != reference:
        import difflib

        lines = difflib.unified_diff(reference.splitlines(), phases_of(log).splitlines(), "reference", "ours", lineterm="", n=1)
        problems.append("\n".join(list(lines)[:30]))
    if len(seen) != len(expected):
        problems.append("%d looks at the state, %d in the reference" % (len(seen), len(expected)))
    for number, (mine, other) in enumerate(zip(seen, expected)):
        if mine != other:
            names = [n for n in {*mine[1], *other[1]} if mine[1].get(n) != other[1].get(n)]
            shown = [(n, mine[1].get(n), other[1].get(n)) for n in names]
            problems.append("after command %d: %s or %s; %s" % (number, mine[0], other[0], shown))
            break
    return code == 0, len(seen) - 1, problems


index = csv.DictReader(open(corpus / "INDEX.tsv"), delimiter="\t")
files = [row["file"] for row in index if row["origin"] in ("head", "docs", "inline") and row["yaml_safe_load"] == "ok"]
done, succeeded, commands, wrong, skipped = 0, 0, 0, 0, 0


def attempt(name):
    try:
        return name, one(corpus / "buildspecs" / name)
    except Skipped as why:
        return name, why


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for name, result in pool.map(attempt, files[:most]):
        if isinstance(result, Skipped):
            skipped += 1
            continue
        well, count, problems = result
        done, succeeded, commands = done + 1, succeeded + well, commands + count
        for problem in problems:
            print("%s: %s" % (name, problem), file=sys.stderr)
        wrong += bool(problems)
print("%d buildspecs run with stand-ins, %d of them to a successful end; %d commands with the same variables," % (done, succeeded, commands))
print("directory and log as in the reference; %d differ; %d left out (Windows, background processes, no commands)" % (wrong, skipped))
sys.exit(1 if wrong or succeeded < 60 else 0)
