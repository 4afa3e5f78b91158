"""Runs the rowgen binary once for each shipped pipeline; every test reads what that run wrote."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

PIPELINES = Path(__file__).resolve().parents[2] / "pipelines"
ENDLESS_SECONDS = 3
# Some ten thousands of rows: enough for the mean win to lie near what it is in the long run.
ENDLESS_RATE = 20_000


def pytest_configure():
    rowgen = os.environ.get("ROWGEN", "")
    if not os.access(rowgen, os.X_OK):
        raise pytest.UsageError(
            f"ROWGEN must name the rowgen binary, and is {rowgen!r}; build it (cargo build --release) "
            "and use tests/readers/run, which sets it"
        )


class Output:
    """What one run of a pipeline wrote, wherever under its folder the sinks put it."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, name):
        found = sorted(self.folder.glob(f"**/{name}"))
        written = [str(path.relative_to(self.folder)) for path in self.folder.glob("**/*") if path.is_file()]
        assert len(found) == 1, f"one {name} expected; the run wrote {written}"
        return found[0]

    def files(self, suffix):
        """The data files of one format: names that begin with _ or . are not data."""
        return sorted(path for path in self.folder.glob(f"**/[!._]*{suffix}") if path.parent.name[0] not in "._")


def command(pipeline, folder, params):
    settings = [word for name, value in params.items() for word in ("--set", f"{name}={value}")]
    return [os.environ["ROWGEN"], "run", str(PIPELINES / f"{pipeline}.yaml"), "--out", str(folder), *settings]


def finish(process, expected):
    """Waits for a run, and shows what it said if it ends otherwise than expected."""
    _, said = process.communicate(timeout=600)
    words = " ".join(map(str, process.args))
    assert process.returncode == expected, f"{words}\nexit code {process.returncode}, expected {expected}\n{said}"


def start(arguments):
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """run("casino", rows=100_000) → its Output; the same call again costs nothing."""
    made = {}

    def run_once(pipeline, **params):
        key = (pipeline, *sorted(params.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp(pipeline)
            finish(start(command(pipeline, folder, params)), 0)
            made[key] = Output(folder)
        return made[key]

    return run_once


@pytest.fixture(scope="session")
def run_endless(tmp_path_factory):
    """Runs an endless pipeline for some seconds, then interrupts it: 130, and whole files."""
    folder = tmp_path_factory.mktemp("endless")
    process = start(command("casino_continuous", folder, {"bets_per_second": ENDLESS_RATE}))
    time.sleep(ENDLESS_SECONDS)
    process.send_signal(signal.SIGINT)
    finish(process, 130)
    return Output(folder)
