"""Runs of `rowgen stream` in a folder of their own."""

import contextlib
import csv
import glob
import json
import os
import signal
import subprocess
import time

import pytest


def pytest_configure():
    if not os.access(os.environ.get("ROWGEN", ""), os.X_OK):
        raise pytest.UsageError("ROWGEN must name the rowgen binary; use tests/stream/run, which sets it")


def threads(pid):
    """The names of a process's threads, some of which may end meanwhile."""
    names = []
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        with contextlib.suppress(OSError):
            names.append(open(path).read().strip())
    return names


class Stream:
    """rowgen in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []

    def start(self, *flags, command="stream", **more):
        words = [os.environ["ROWGEN"], command, *map(str, flags)]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env=os.environ | {"NO_COLOR": "1"}, **more
        )
        self.running.append(process)
        return process

    def finish(self, process, code=0, timeout=120):
        try:
            told, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            told, said = process.communicate()
            raise AssertionError(f"not ended after {timeout} s\n{told}\n{said}") from None
        # A machine that is shared may stand still for a while: nothing is missing then, and the rate is not held.
        stood = process.returncode == 3 and "was not held" in said and "Messages skipped: 0\n" in told
        assert process.returncode == code or (code == 0 and stood), f"exit code {process.returncode}, expected {code}\n{told}\n{said}"
        return told, said

    def run(self, *flags, code=0, timeout=120, command="stream"):
        return self.finish(self.start(*flags, command=command), code, timeout)

    def begun(self, process, limit=60):
        """Waits until its consumer is there: a thread takes replies then."""
        end = time.monotonic() + limit
        while "replies" not in threads(process.pid):
            assert time.monotonic() < end and process.poll() is None, "no messages yet"
            time.sleep(0.01)

    def results(self, name="producer_results.csv"):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def clocks(self, name="report.json"):
        """What the one sink of a report has timed."""
        (sink,) = json.loads((self.folder / name).read_text())["sinks"]
        return sink["clocks"]

    def close(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def stream(tmp_path):
    stream = Stream(tmp_path)
    yield stream
    stream.close()
