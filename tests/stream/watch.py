"""What a stream is looked at by while it runs, and what it has told in the end."""

import os
import re
import time


def figure(told, name):
    """The number behind a name of the report."""
    found = re.search(rf"^{re.escape(name)}: ([\d ]+)", told, re.MULTILINE)
    assert found, f"no `{name}` in\n{told}"
    return int(found[1].replace(" ", ""))


def wait_until(true, what, limit=60):
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, f"{what} did not come within {limit} s"
        time.sleep(0.01)


def resident(process):
    """Bytes of memory that a process has."""
    return int(open(f"/proc/{process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
