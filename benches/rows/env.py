"""Parameters and secrets: how often AWS is waited for, and what hiding them costs."""

import contextlib
import http.server
import json
import os
import pathlib
import threading
import time

from bench import median, ms

# What a request takes at the least, far above what the rest of a build takes.
ROUND_TRIP = 0.2


class Answers(http.server.BaseHTTPRequestHandler):
    """Parameter Store and Secrets Manager, at a distance of one round trip."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(ROUND_TRIP)
        if "Names" in asked:
            told = {"Parameters": [{"Name": name, "Value": "value of " + name} for name in asked["Names"]],
                    "InvalidParameters": []}
        else:
            told = {"Name": asked["SecretId"], "SecretString": "value of " + asked["SecretId"]}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


@contextlib.contextmanager
def server():
    serving = Server(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}"
    finally:
        serving.shutdown()
        serving.server_close()


def referring(bench, count):
    """A build with so many references, half to parameters and half to secrets."""
    source = bench.source(f"references{count}", ["true"])
    lines = ["version: 0.2", "env:", "  parameter-store:", *(f"    P{n}: /p/{n}" for n in range((count + 1) // 2))]
    if count > 1:
        lines += ["  secrets-manager:", *(f"    S{n}: s/{n}" for n in range(count // 2))]
    lines += ["phases:", "  build:", "    commands: ['true']"]
    (source / "buildspec.yml").write_text("\n".join(lines) + "\n")
    return [bench.binary, "run", "--runtime", "host", str(source)]


def references(bench):
    with server() as url:
        env = {"PATH": os.environ["PATH"], "HOME": str(bench.folder), "AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-west-1",
               "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        forty, one = bench.turns(referring(bench, 40), referring(bench, 1), env=env)
    more = (median(forty) - median(one)) / ROUND_TRIP
    bench.row(f"40 references, {ROUND_TRIP * 1000:.0f} ms a round trip", "one reference", ms(median(forty)), ms(median(one)),
              f"+{more:.1f} round trips", "+2 round trips")


def no_references(bench):
    """A build that refers to nothing beside one whose single value is in the file: neither may start the SDK."""
    source = bench.source("nothing", ["true"])
    plain = [bench.binary, "run", "--runtime", "host", str(source)]
    env = {"PATH": os.environ["PATH"], "HOME": str(bench.folder), "AWS_PROFILE": "nobody"}
    given = referring(bench, 1)
    (pathlib.Path(given[-1]) / ".buildspec").mkdir(exist_ok=True)
    secrets = pathlib.Path(given[-1]) / ".buildspec/secrets.yml"
    secrets.write_text("parameter-store: {/p/0: value}\n")
    secrets.chmod(0o600)
    ours, other = bench.turns(given, plain, env=env)
    bench.compare("a reference from the secrets file", "no reference", ours, other, "")
    secrets.unlink()


def masking(bench):
    size = 300_000_000
    file = bench.folder / "log.txt"
    line = "[INFO] compiling src/main/java/org/example/shop/checkout/Basket.java (4711 of 9000) 12 ms, key=abc\n"
    with file.open("w") as out:
        for _ in range(size // (len(line) * 1000)):
            out.write(line * 1000)
    example = pathlib.Path(bench.binary).parent / "examples/mask_stream"
    ours, other = bench.turns([example, file], ["cat", file], runs=5)
    rate = file.stat().st_size / median(ours) / 1e6
    bench.row("100 secrets hidden in 300 MB of a log", "`cat`", ms(median(ours)), ms(median(other)), f"{rate:.0f} MB/s",
              "200 MB/s")
    file.unlink()


ROWS = [references, no_references, masking]
