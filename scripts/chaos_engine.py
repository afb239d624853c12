"""A Docker engine of one's own: its own socket, data folder and network."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class PrivateEngine:
    """Started by hand with `start`; `stop` ends it and whatever it started."""

    def __init__(self, place, image, disk=None):
        self.place, self.image = tempfile.mkdtemp(dir=place), image
        self.host = f"unix://{self.place}/docker.sock"
        self.log = pathlib.Path(self.place, "log")
        self.disk = disk
        pathlib.Path(self.place, "daemon.json").write_text("{}")
        self.driver = subprocess.check_output(["docker", "info", "--format", "{{.Driver}}"], text=True).strip()
        self.process = None
        if disk:
            os.mkdir(self.place + "/data")
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk}", "none", self.place + "/data"], check=True)

    @staticmethod
    def is_possible():
        return not os.geteuid() and shutil.which("dockerd") is not None

    def start(self, again=True):
        place = self.place
        # In a network of its own: a second engine takes the first one's bridge away.
        command = ["unshare", "--net", "--mount", "dockerd", "-H", self.host, "--data-root", place + "/data",
                   "--exec-root", place + "/exec", "--pidfile", place + "/pid", "--config-file", place + "/daemon.json",
                   "--storage-driver", self.driver, "--bridge=none", "--iptables=false", "--ip-masq=false"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        for _ in range(150):
            if self.docker("version").returncode == 0:
                return
            time.sleep(0.2)
        self.kill()
        self.end_helpers()
        if not again:
            raise OSError("the private engine does not start: " + self.log.read_text()[-500:])
        self.start(again=False)

    def docker(self, *arguments, **run):
        return subprocess.run(["docker", "-H", self.host, *arguments], capture_output=True, **run)

    def load(self):
        save = subprocess.Popen(["docker", "save", self.image], stdout=subprocess.PIPE)
        self.docker("load", stdin=save.stdout, check=True)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.end(signal.SIGTERM)
        self.end_helpers()
        if self.disk:
            subprocess.run(["umount", "-l", self.place + "/data"], check=False)

    def end_helpers(self):
        """A killed engine leaves these; one that starts anew may wait for them in vain."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
            except OSError:
                continue
            name = words.split(b"\0")[0].split(b"/")[-1]
            if name.startswith(b"containerd") and self.place.encode() in words:
                os.kill(int(process.name), signal.SIGKILL)
