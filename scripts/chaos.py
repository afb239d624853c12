#!/usr/bin/env python3
"""Ends builds in every bad way, in volume, and writes down what came of it.

usage: scripts/chaos.py [--short] [--only NAME] [--seed N] [--output FILE] BINARY

After each ending these must hold: the exit code is a true one, build.json can be read and agrees with it, nothing with
the build's label is on the engine after the next `clean`, and the source is as it was.
"""

import argparse
import concurrent.futures
import datetime
import fcntl
import json
import os
import pathlib
import pty
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

from chaos_engine import PrivateEngine

IMAGE = os.environ.get("BUILDSPEC_TEST_IMAGE", "buildspec/base")
BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - rm other; (setsid sleep 60 &); seq 20000 | tail -1
      - trap '' TERM; sleep 0.4; mkdir out; echo artifact > out/artifact
    finally:
      - echo finally
artifacts:
  files: [out/artifact]
"""
# What an exit code says of build.json's status.
STATUS = {0: {"SUCCEEDED"}, 1: {"FAILED"}, 3: {"FAILED"}, 4: {"FAULT", "FAILED", "STOPPED", "IN_PROGRESS"}, 5: {"TIMED_OUT"}}
STOPPED = {129, 130, 143}


class Wrong(Exception):
    pass


class Source:
    """A small source, and what it looked like."""

    def __init__(self, place, text=BUILDSPEC):
        self.path = pathlib.Path(tempfile.mkdtemp(dir=place))
        (self.path / "buildspec.yml").write_text(text)
        (self.path / "other").write_text("other\n")
        self.before = self.state()

    def state(self):
        return sorted((p.name, p.stat().st_mtime_ns, p.read_bytes()) for p in self.path.iterdir() if p.is_file())

    def unchanged(self):
        if self.state() != self.before:
            raise Wrong("the source changed")

    def records(self, output=None):
        for file in sorted(pathlib.Path(output or self.path / ".buildspec").glob("builds/*/build.json")):
            try:
                yield json.loads(file.read_text())
            except ValueError as error:
                raise Wrong(f"{file} can't be read: {error}") from error


class Chaos:
    def __init__(self, binary, place, short, seed):
        self.binary, self.place, self.short = os.path.abspath(binary), place, short
        self.random = random.Random(seed)
        self.host = os.environ.get("DOCKER_HOST", "")

    def environment(self, host=None):
        env = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        env["HOME"] = self.place
        if host:
            env["DOCKER_HOST"] = host
        return env

    def start(self, source, *arguments, host=None, **popen):
        popen.setdefault("stdout", subprocess.DEVNULL)
        return subprocess.Popen(
            [self.binary, "run", str(source.path), "-i", IMAGE, "--log-format", "codebuild", *arguments],
            env=self.environment(host), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True, **popen)

    def finish(self, build, limit=120):
        try:
            complaint = build.communicate(timeout=limit)[1]
        except subprocess.TimeoutExpired:
            os.killpg(build.pid, signal.SIGKILL)
            build.communicate()
            raise Wrong(f"still running after {limit} s") from None
        if b"panicked" in complaint:
            raise Wrong(complaint.decode(errors="replace"))
        return build.returncode

    def clean(self, host=None):
        done = subprocess.run([self.binary, "clean"], env=self.environment(host), capture_output=True, timeout=120)
        if done.returncode:
            raise Wrong(f"clean: {done.stderr.decode(errors='replace')}")

    def left(self, source, host=None, output=None):
        """What the engine holds of a source's builds."""
        found = []
        for record in source.records(output):
            label = "label=buildspec.build=" + record["id"].split(":")[1]
            for kind in (["ps", "-aq"], ["volume", "ls", "-q"]):
                docker = ["docker"] + (["-H", host] if host else [])
                found += subprocess.check_output(docker + kind + ["--filter", label], text=True).split()
        return found

    def check(self, source, code, allowed, output=None, host=None, verdict=True):
        if code not in allowed:
            raise Wrong(f"exit code {code}, not one of {sorted(allowed, key=str)}")
        source.unchanged()
        records = list(source.records(output))
        wanted = {"STOPPED"} if code in STOPPED else STATUS.get(code)
        if not verdict:
            wanted = None
        if records and wanted and records[-1]["buildStatus"] not in wanted:
            raise Wrong(f"exit code {code}, but build.json says {records[-1]['buildStatus']}")
        for _ in range(20):
            # A request that was under way at a kill may be carried out after it.
            self.clean(host)
            left = self.left(source, host, output)
            if not left:
                return
            time.sleep(0.3)
        raise Wrong(f"left on the engine: {left}")

    def container(self, source, patience=10):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            for record in source.records():
                label = "label=buildspec.build=" + record["id"].split(":")[1]
                found = subprocess.check_output(["docker", "ps", "-q", "--filter", label], text=True).split()
                if found:
                    return found[0]
            time.sleep(0.02)
        return None

    def moment(self, most=1.6):
        time.sleep(self.random.uniform(0.01, most))

    # One method for each way to end. Each returns how often it was tried.

    def killed(self):
        """kill -9 of our process at random moments"""
        rounds = 5 if self.short else 100
        source = Source(self.place)
        for _ in range(rounds):
            build = self.start(source)
            self.moment()
            build.kill()
            code = self.finish(build)
            self.check(source, code, {-9, 0})
            shutil.rmtree(source.path / ".buildspec", ignore_errors=True)
        return rounds

    def signals(self):
        """SIGINT, SIGTERM and SIGHUP at random moments, once and twice"""
        rounds = 1 if self.short else 10
        for _ in range(rounds):
            for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
                for twice in (False, True):
                    source = Source(self.place)
                    build = self.start(source)
                    self.moment()
                    build.send_signal(number)
                    if twice:
                        time.sleep(0.01)
                        build.send_signal(number)
                    # Before it listens a signal ends it as it ends any process.
                    # Who leaves without clearing away leaves the record as it was.
                    self.check(source, self.finish(build), {code, 0, -number}, verdict=not twice)
        return rounds * 6

    def paused_process(self):
        """SIGSTOP and SIGCONT of our process"""
        rounds = 1 if self.short else 10
        for _ in range(rounds):
            source = Source(self.place)
            build = self.start(source)
            self.moment(0.8)
            build.send_signal(signal.SIGSTOP)
            time.sleep(0.5)
            build.send_signal(signal.SIGCONT)
            self.check(source, self.finish(build), {0})
        return rounds

    def closed_pipe(self):
        """nobody reads the log (| head)"""
        source = Source(self.place)
        build = self.start(source, stdout=subprocess.PIPE)
        build.stdout.readline()
        build.stdout.close()
        build.stdout = None
        self.check(source, self.finish(build), {0})
        return 1

    def container_attacked(self):
        """the container is killed, removed, paused or stopped from outside"""
        rounds = 1 if self.short else 8
        for _ in range(rounds):
            for command, allowed in ((["kill"], {1}), (["rm", "-f"], {1}), (["stop", "-t", "0"], {1}), (["pause"], {0})):
                source = Source(self.place, BUILDSPEC.replace("sleep 0.4", "sleep 2"))
                build = self.start(source)
                container = self.container(source)
                time.sleep(0.5)
                subprocess.run(["docker", *command, container], capture_output=True, check=True)
                if command == ["pause"]:
                    time.sleep(0.7)
                    subprocess.run(["docker", "unpause", container], capture_output=True, check=True)
                # In its first moments the container belongs to provisioning: that is a fault, not a failed build.
                self.check(source, self.finish(build), allowed | ({4} if allowed == {1} else set()))
        return rounds * 4

    def hostile(self):
        """builds that fork, close everything, remove /codebuild, kill all, print escape codes"""
        commands = {
            "for i in $(seq 1000); do sleep 30 & done; echo many": {0, 1},
            "exec 0<&- 1>&- 2>&- 3>&- 4>&- 5>&-; true": {0, 1},
            "rm -rf /codebuild; true": {0, 1},
            "kill -9 -1": {0, 1},
            "kill -9 1 $PPID; sleep 0.2; echo alive": {0, 1},
            "printf '\\033[2J\\033]0;x\\007\\036\\0'; head -c 3000000 /dev/urandom": {0},
            "dd if=/dev/zero of=/dev/shm/x bs=1M count=200": {0, 1},
        }
        for command, allowed in commands.items():
            source = Source(self.place, BUILDSPEC.replace("sleep 0.4;", command + "\n        true;").replace("      - trap '' TERM; ", "      - |\n        "))
            try:
                self.check(source, self.finish(self.start(source)), allowed)
            except Wrong as wrong:
                raise Wrong(f"{command}: {wrong}") from wrong
        return len(commands)

    def side_by_side(self):
        """20 builds at once in one source"""
        count = 4 if self.short else 20
        source = Source(self.place)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            codes = list(pool.map(lambda _: self.finish(self.start(source), 300), range(count)))
        if set(codes) != {0}:
            raise Wrong(f"exit codes {codes}")
        if len(list(source.records())) != count:
            raise Wrong("not every build has a folder")
        self.check(source, 0, {0})
        return count

    def disk_full(self):
        """the output is a small disk that is full at some stage"""
        if os.geteuid():
            return 0
        codes = []
        # Too small for a build's folder, for the log, for the artifact; then large enough.
        sizes = [64, 400, 1000] if self.short else [4, 64, 256, *range(280, 1000, 40), 4000]
        for kib in sizes:
            text = BUILDSPEC.replace("seq 20000 | tail -1", "seq 20000")
            source = Source(self.place, text.replace("echo artifact", "seq 50000"))
            disk = tempfile.mkdtemp(dir=self.place)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", disk], check=True)
            try:
                code = self.finish(self.start(source, "-o", disk))
                self.check(source, code, {0} if kib == max(sizes) else {4, 0}, output=disk)
                codes.append(code)
            finally:
                subprocess.run(["umount", "-l", disk], check=True)
        if set(codes) != {0, 4}:
            raise Wrong(f"no size was in between: {codes}")
        return len(sizes)

    def between(self, cut):
        """A socket between us and the engine; `cut` decides what becomes of each connection."""
        path = os.path.join(tempfile.mkdtemp(dir=self.place), "s")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(64)

        def serve():
            while True:
                try:
                    call, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=cut, args=(call,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return server, "unix://" + path

    def cut_connection(self):
        """the connection to the engine is cut in mid-stream"""
        rounds = 3 if self.short else 40
        for _ in range(rounds):
            room = self.random.randrange(200, 40000)
            budget = [room]

            def cut(call, budget=budget):
                engine = socket.socket(socket.AF_UNIX)
                engine.connect("/var/run/docker.sock")
                ends = ((call, engine), (engine, call))

                def copy(source, target):
                    try:
                        while data := source.recv(4096):
                            budget[0] -= len(data)
                            if budget[0] < 0:
                                break
                            target.sendall(data)
                    except OSError:
                        pass
                    for end in (source, target):
                        try:
                            end.shutdown(socket.SHUT_RDWR if budget[0] < 0 else socket.SHUT_WR)
                        except OSError:
                            pass

                for end in ends:
                    threading.Thread(target=copy, args=end, daemon=True).start()

            server, host = self.between(cut)
            source = Source(self.place)
            code = self.finish(self.start(source, host=host))
            server.close()
            # Where only the clearing away went wrong, the build has its own verdict and the exit code tells of the other.
            self.check(source, code, {0, 1, 4}, verdict=code != 4)
        return rounds

    def nonsense(self):
        """the engine answers garbage, or hangs up"""
        answers = [b"", b"\0" * 5000, b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 9\r\n\r\n{\"a\":",
                   b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", b"SSH-2.0-x\r\n"]
        for answer in answers:
            def cut(call, answer=answer):
                try:
                    call.recv(4096)
                    call.sendall(answer)
                    call.close()
                except OSError:
                    pass
            server, host = self.between(cut)
            source = Source(self.place)
            code = self.finish(self.start(source, host=host))
            server.close()
            self.check(source, code, {4})
        return len(answers)

    def slow(self):
        """the engine answers slowly, a few bytes at a time"""
        rounds = 1 if self.short else 5

        def cut(call):
            engine = socket.socket(socket.AF_UNIX)
            engine.connect("/var/run/docker.sock")

            def copy(source, target):
                try:
                    while data := source.recv(700):
                        time.sleep(self.random.uniform(0, 0.15))
                        target.sendall(data)
                    target.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

            for end in ((call, engine), (engine, call)):
                threading.Thread(target=copy, args=end, daemon=True).start()

        for _ in range(rounds):
            server, host = self.between(cut)
            source = Source(self.place)
            code = self.finish(self.start(source, host=host), 200)
            server.close()
            self.check(source, code, {0})
        return rounds

    def mute(self):
        """the engine takes the call and never answers"""
        calls = []
        server, host = self.between(calls.append)
        source = Source(self.place)
        code = self.finish(self.start(source, host=host))
        server.close()
        self.check(source, code, {4})
        return 1

    def read_only(self):
        """the output can't be written to"""
        if os.geteuid():
            return 0
        source, disk = Source(self.place), tempfile.mkdtemp(dir=self.place)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", disk], check=True)
        try:
            self.check(source, self.finish(self.start(source, "-o", disk)), {4}, output=disk)
        finally:
            subprocess.run(["umount", "-l", disk], check=True)
        return 1

    def timed_out(self):
        """the time is over, and children are set apart, daemons, deaf to SIGTERM"""
        rounds = 1 if self.short else 10
        text = BUILDSPEC.replace("sleep 0.4", "(trap '' TERM HUP; sleep 50 & sleep 50) & sleep 50")
        for _ in range(rounds):
            source = Source(self.place, text)
            seconds = self.random.choice([1, 2, 3])
            self.check(source, self.finish(self.start(source, "--timeout", f"{seconds}s"), 30), {5})
        return rounds

    def terminal(self):
        """the terminal after each kind of end, also out of a debugger's shell"""
        rounds = 1 if self.short else 5
        ends = (None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, "shell")
        for _ in range(rounds):
            for end in ends:
                source = Source(self.place)
                ours, theirs = pty.openpty()
                termios.tcsetwinsize(theirs, (24, 80))
                before = termios.tcgetattr(theirs)
                more = ["--break", "BUILD:1"] if end == "shell" else []
                build = subprocess.Popen(
                    [self.binary, "run", str(source.path), "-i", IMAGE, *more],
                    env=self.environment() | {"TERM": "xterm", "LANG": "C.UTF-8"},
                    stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
                seen = bytearray()

                def read(seen=seen, ours=ours):
                    try:
                        while data := os.read(ours, 65536):
                            seen.extend(data)
                    except OSError:
                        pass

                threading.Thread(target=read, daemon=True).start()
                try:
                    if end == "shell":
                        self.seen(seen, b"(debug)")
                        os.write(ours, b"shell\r")
                        self.seen(seen, b"BUILD:1 src")
                        build.send_signal(signal.SIGTERM)
                    elif end:
                        self.seen(seen, b"PROVISIONING")
                        self.moment(1)
                        build.send_signal(end)
                    code = build.wait(60)
                except subprocess.TimeoutExpired:
                    raise Wrong(f"{end}: still running") from None
                finally:
                    build.kill()
                    build.wait()
                if termios.tcgetattr(theirs) != before:
                    raise Wrong(f"{end}: the terminal is not as it was")
                time.sleep(0.1)
                if seen.rfind(b"\x1b[?25l") > seen.rfind(b"\x1b[?25h"):
                    raise Wrong(f"{end}: the cursor stays hidden")
                os.close(theirs)
                wanted = {None: {0}, "shell": {143}}.get(end) or {0, 128 + int(end)}
                self.check(source, code, wanted)
                os.close(ours)
        return rounds * len(ends)

    def seen(self, seen, text):
        for _ in range(600):
            if text in seen:
                return
            time.sleep(0.05)
        raise Wrong(f"never seen: {text.decode()} in {bytes(seen[-300:])!r}")

    def engine_restarted(self):
        """a private engine is stopped in mid-build, killed, and started again"""
        if not PrivateEngine.is_possible():
            return 0
        engine = PrivateEngine(self.place, IMAGE)
        rounds = [signal.SIGTERM] if self.short else [signal.SIGTERM, signal.SIGKILL] * 3
        try:
            engine.start()
            engine.load()
            for number in rounds:
                source = Source(self.place, BUILDSPEC.replace("sleep 0.4", "sleep 30"))
                build = self.start(source, "--network", "none", host=engine.host)
                self.moment(3)
                engine.end(number)
                code = self.finish(build)
                engine.start()
                self.check(source, code, {1, 4}, host=engine.host)
                self.works(engine)
        finally:
            engine.stop()
        return len(rounds)

    def container_disk_full(self):
        """a build fills the disk of its (private) engine"""
        if not PrivateEngine.is_possible():
            return 0
        engine = PrivateEngine(self.place, IMAGE, disk="700m")
        places = ["big"] if self.short else ["big", "/root/big", "/tmp/big"]
        try:
            engine.start()
            engine.load()
            for file in places:
                fill = f"dd if=/dev/zero of={file} bs=1M count=2000"
                for rest, allowed in (("false", {1}), ("true", {0, 1, 4})):
                    text = BUILDSPEC.replace("seq 20000 | tail -1", f"{fill}; {rest}")
                    source = Source(self.place, text)
                    build = self.start(source, "--network", "none", host=engine.host)
                    self.check(source, self.finish(build), allowed, host=engine.host)
                    self.works(engine)
        finally:
            engine.stop()
        return len(places) * 2

    def works(self, engine):
        again = Source(self.place)
        build = self.start(again, "--network", "none", host=engine.host)
        self.check(again, self.finish(build), {0}, host=engine.host)


ENDINGS = ("killed signals timed_out terminal paused_process closed_pipe container_attacked hostile side_by_side disk_full "
           "read_only cut_connection nonsense slow mute engine_restarted container_disk_full").split()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few rounds of each")
    parser.add_argument("--only", choices=ENDINGS, action="append")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--output", help="write the table there too")
    parser.add_argument("binary")
    given = parser.parse_args()
    place = tempfile.mkdtemp(prefix="buildspec-chaos-")
    chaos = Chaos(given.binary, place, given.short, given.seed)
    lines = ["| Ending | Rounds | Result | Seconds |", "|---|---|---|---|"]
    failed = 0
    try:
        for name in given.only or ENDINGS:
            ending, began = getattr(chaos, name), time.monotonic()
            try:
                rounds = ending()
                result = "as it must be" if rounds else "not tried (needs root)"
            except (Wrong, subprocess.SubprocessError, OSError) as error:
                words = " ".join(str(error).split())
                rounds, result, failed = "", f"**{words}**", failed + 1
            lines.append(f"| {ending.__doc__} | {rounds} | {result} | {time.monotonic() - began:.0f} |")
            print(lines[-1], file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    engine = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    text = "\n".join([
        "# Every bad ending, in volume", "",
        f"Written by `make chaos` on {today} (seed {given.seed}, Docker Engine {engine.stdout.strip()}).",
        "After each: a true exit code, a build.json that agrees, nothing left after `clean`, the source as it was.", "",
        *lines, ""])
    if given.output:
        pathlib.Path(given.output).write_text(text)
    print(f"{len(lines) - 2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
