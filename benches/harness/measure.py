"""One measured process: its time, the CPU seconds and peak memory of itself and its children, what it wrote."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Run:
    tool: str
    work: str
    round: int
    rows: int
    wall: float
    user: float
    system: float
    peak_rss: int
    bytes: int
    exit_code: int
    command: str

    @property
    def cpu(self):
        return self.user + self.system


def data_files(folder):
    """Names that begin with _ or . are not data."""
    return [path for path in folder.rglob("[!._]*") if path.is_file() and path.parent.name[0] not in "._"]


def measure(command, folder, environment, writes):
    """Runs a command beside an empty folder: wall, user and system seconds, peak memory, bytes, exit code.

    Ends the benchmark if the command fails, or writes nothing into the folder though it `writes`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.sync()  # what an earlier run left to be written is not this one's work
    words = shlex.join(command)
    start = time.perf_counter()
    with open(folder.parent / "said", "w+b") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"bench: exit code {process.returncode}: {words}\n{text}")
    size = sum(path.stat().st_size for path in data_files(folder))
    if writes and size == 0:
        sys.exit(f"bench: nothing written: {words}\n{text}")
    return wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024, size, process.returncode


def count_rows(folder, fmt):
    """The rows that were really written."""
    words = [sys.executable, Path(__file__).with_name("count.py"), fmt, folder]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
