#!/usr/bin/env python3
"""Ends builds in every bad way, in volume, and writes down what came of it.

usage: scripts/chaos.py [--short] [--only NAME] [--seed N] [--output FILE] BINARY

After each ending these must hold: the exit code is a true one, build.json can be read and agrees with it, nothing with
the build's label is on the engine after the next `clean`, and the source is as it was.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

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

    def engine_restarted(self):
        """a private engine is stopped in mid-build, killed, and started again"""
        if os.geteuid() or not shutil.which("dockerd"):
            return 0
        place = tempfile.mkdtemp(dir=self.place)
        host = f"unix://{place}/docker.sock"
        log = open(os.path.join(place, "log"), "ab")
        pathlib.Path(place, "daemon.json").write_text("{}")
        driver = subprocess.check_output(["docker", "info", "--format", "{{.Driver}}"], text=True).strip()

        def end_helpers():
            """A killed engine leaves these; one that starts anew may wait for them in vain."""
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    words = (process / "cmdline").read_bytes()
                except OSError:
                    continue
                if words.split(b"\0")[0].split(b"/")[-1].startswith(b"containerd") and place.encode() in words:
                    os.kill(int(process.name), signal.SIGKILL)

        def start(again=True):
            # In a network of its own: a second engine takes the first one's bridge away.
            engine = subprocess.Popen(
                ["unshare", "--net", "--mount", "dockerd", "-H", host, "--data-root", place + "/data", "--exec-root", place + "/exec",
                 "--pidfile", place + "/pid",
                 "--config-file", place + "/daemon.json", "--storage-driver", driver, "--bridge=none", "--iptables=false", "--ip-masq=false"],
                stdout=log, stderr=log, start_new_session=True)
            for _ in range(150):
                if subprocess.run(["docker", "-H", host, "version"], capture_output=True).returncode == 0:
                    return engine
                time.sleep(0.2)
            engine.kill()
            engine.wait()
            end_helpers()
            if again:
                return start(again=False)
            raise Wrong("the private engine does not start: " + pathlib.Path(place, "log").read_text()[-500:])

        engine = start()
        try:
            save = subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE)
            subprocess.run(["docker", "-H", host, "load"], stdin=save.stdout, capture_output=True, check=True)
            rounds = [signal.SIGTERM] if self.short else [signal.SIGTERM, signal.SIGKILL] * 3
            for number in rounds:
                source = Source(self.place, BUILDSPEC.replace("sleep 0.4", "sleep 30"))
                build = self.start(source, "--network", "none", host=host)
                self.moment(3)
                engine.send_signal(number)
                engine.wait(60)
                code = self.finish(build)
                engine = start()
                self.check(source, code, {1, 4}, host=host)
                again = Source(self.place)
                self.check(again, self.finish(self.start(again, "--network", "none", host=host)), {0}, host=host)
        finally:
            engine.terminate()
            engine.wait(60)
            end_helpers()
        return len(rounds)


ENDINGS = ("killed signals paused_process closed_pipe container_attacked hostile side_by_side disk_full cut_connection "
           "nonsense engine_restarted").split()


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
