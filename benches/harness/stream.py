"""Messages of ZeroMQ over this machine's own network, beside C programs with the same library, and how evenly they go."""

import csv
import json
import os
import shlex
import socket
import subprocess
import sys
from collections import Counter
from statistics import median

from measure import Run, measure
from report import aligned
from settings import PEERS, TOP, Settings, crate_versions, readable

OUT = Settings.folder / "out"
PEER = Settings.folder / "stream"
REPORT = Settings.folder / "report.json"
RESULTS = Settings.folder / "results.csv"
MIB = 1 << 20
# Bytes of a message, messages of a run, and how many wait at most: what rowgen has unless somebody says.
SIZES = {"1 KiB": (1 << 10, 1_000_000, 10_000), "1 MiB": (MIB, 4_000, 63), "8 MiB": (8 * MIB, 500, 7)}
HERTZ, SECONDS = 3000, 20
WINDOW = 0.01

# What was found out beside the speed: filled by `race`, told by `facts`.
found = {}


def compiled():
    """The peers, with the libzmq that rowgen is built with."""
    out = os.environ["LIBZMQ"]
    PEER.parent.mkdir(parents=True, exist_ok=True)
    words = ["cc", "-O2", "-o", PEER, PEERS / "stream.c", f"-I{out}/source/include", f"{out}/lib/libzmq.a"]
    subprocess.run([*words, "-lstdc++", "-lpthread", "-lm"], check=True)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def rowgen(port, size, messages, mark):
    pairs = {"port": port, "size": f"{size}B", "messages": messages, "mark": mark}
    sets = [word for name, value in pairs.items() for word in ("--set", f"{name}={value}")]
    pipeline = TOP / "benches" / "pipelines" / "stream_bench.yaml"
    return [Settings.rowgen, "run", pipeline, *sets, "--threads", Settings.threads, "--report", REPORT, "--quiet"]


# Who sends, and who takes.
TOOLS = {
    "rowgen": (rowgen, "sub"),
    "C, XPUB": ("xpub", "sub"),
    "C, ring": ("ring", "sub"),
    "C, PUSH": ("push", "pull"),
    "C, plain TCP": ("tcp", "drain"),
}


def one(name, tool, number):
    """A sender beside who takes its messages; the time is theirs, from the first message to the last."""
    size, messages, mark = SIZES[name]
    port = free_port()
    sends, takes = TOOLS[tool]
    words = sends(port, size, messages, mark) if callable(sends) else [PEER, sends, port, size, messages, mark]
    words = [str(word) for word in words]
    taker = [str(word) for word in (PEER, takes, port, size, messages, mark)]
    with subprocess.Popen(taker, stdout=subprocess.PIPE, text=True) as process:
        try:
            _, user, system, rss, _, code = measure(words, OUT, {}, writes=False)
            told = process.communicate(timeout=60)[0].split()
        finally:
            process.kill()
    # The topic and what stands around the data come on top of it.
    if process.returncode != 0 or float(told[2]) < size * messages:
        sys.exit(f"bench: {name} {tool}: {told} arrived of {messages} messages: {shlex.join(words)}")
    if tool == "rowgen":
        (sink,) = json.loads(REPORT.read_text())["sinks"]
        found.setdefault(("preparation", name), []).append(sink["clocks"]["preparation"]["mean"])
    wall = float(told[1])
    print(f"{name} round {number} {tool}: {messages / wall:,.0f}/s, {messages * size / wall / 1e9:.2f} GB/s", file=sys.stderr)
    return Run(tool, name, number, messages, wall, user, system, rss, size * messages, code, readable(words).replace(str(PEER), "stream"))


def worst_window(times):
    """How far the messages of the worst 10 ms are from as many as were asked for, in percent; times in seconds."""
    counts = Counter(int((time - times[0]) / WINDOW) for time in times)
    wanted = HERTZ * WINDOW
    whole = range(int(SECONDS / WINDOW) - 1)
    return max(abs(counts[window] - wanted) / wanted * 100 for window in whole)


def even(number):
    """3 000 messages of 1 KiB a second, to `rowgen stream --consume`; then a sleep alone."""
    data, viz, control = free_port(), free_port(), free_port()
    ports = ["-viz-port", viz, "-control-port", control]
    takes = [Settings.rowgen, "stream", "--consume", "-t", SECONDS, "-processing-time-ms", 0, "-producer-data-port", data, *ports]
    words = [Settings.rowgen, "stream", "-r", HERTZ, "-t", SECONDS, "-s", 1024, "-data-port", data, *ports]
    words += ["-headroom", "0s", "-output", RESULTS, "-report", REPORT]
    with subprocess.Popen([str(word) for word in takes], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            code = subprocess.run([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        finally:
            process.terminate()
    if code not in (0, 3):
        sys.exit(f"bench: exit code {code}: {shlex.join(map(str, words))}")
    (sink,) = json.loads(REPORT.read_text())["sinks"]
    clocks = sink["clocks"]
    with open(RESULTS, newline="") as file:
        sent = sorted(int(row["t1"]) / 1e6 for row in csv.DictReader(file))
    late = clocks["lateness"]
    mine = [clocks["sent"], clocks["skipped"], clocks["answered"], late["p50"], late["p99"], worst_window(sent)]
    told = subprocess.run([PEER, "sleep", str(HERTZ), str(SECONDS)], capture_output=True, text=True, check=True).stdout.split()
    bare = [int(told[0]), 0, 0, *map(float, told[1:])]
    print(f"even round {number}: rowgen {mine}, sleep {bare}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    found.setdefault("even", []).append((mine, bare))


def race():
    compiled()
    runs = []
    for number in range(1, Settings.rounds + 1):
        names = list(TOOLS)
        first = number % len(names)
        runs += [one(name, tool, number) for name in SIZES for tool in names[first:] + names[:first]]
    for number in range(1, min(Settings.rounds, 3) + 1):
        even(number)
    order = {(name, tool): at for at, (name, tool) in enumerate((name, tool) for name in SIZES for tool in TOOLS)}
    return sorted(runs, key=lambda run: (order[run.work, run.tool], run.round))


def sides():
    """What both sides have, made equal; -1 leaves a socket's buffers to the system."""
    told = subprocess.run([PEER, "about"], capture_output=True, text=True, check=True).stdout.split()
    peer = dict(pair.split("=") for pair in told)
    version = crate_versions(["zeromq-src"])["zeromq-src"].split("+")[1]
    marks = ", ".join(f"{mark:,} of {name}" for name, (_, _, mark) in SIZES.items())
    lines = [
        ["both sides have", "rowgen", "C"],
        ["libzmq", version, peer["libzmq"]],
        ["I/O threads", "1", peer["io_threads"]],
        ["socket buffers", "-1, -1", f"{peer['send_buffer']}, {peer['receive_buffer']}"],
        ["socket, frames", "XPUB with NODROP, 2", "XPUB with NODROP, 2"],
        ["messages that wait", marks, "the same"],
        ["who takes them", "C, SUB, the same mark", "the same program"],
    ]
    return aligned(lines, left=[0, 1, 2])


def evenness():
    header = ["3 000 Hz, 1 KiB, 20 s", "sent", "skipped", "answered", "late, P50 µs", "P99 µs", "worst 10 ms, % off"]
    sides = {"rowgen": 0, "a bare sleep": 1}
    pick = lambda side: [median(column) for column in zip(*(pair[side] for pair in found["even"]))]
    lines = [[name, *(f"{figure:,.0f}" for figure in pick(side))] for name, side in sides.items()]
    return aligned([header, *lines], left=[0])


def facts():
    means = {name: median(found["preparation", name]) for name in SIZES}
    told = ", ".join(f"{mean:.3f} µs of {name}" for name, mean in means.items())
    return {
        "measured": "from the first message to the last, by who takes them, in memory on both sides; CPU and memory are the sender's; "
        "`ring` sends each message from memory of its own, as whoever has different messages must; `XPUB` and `PUSH` always the same one; "
        "plain TCP writes 64 KiB at a time and is what the machine's own network takes",
        "preparation": f"{told} (mean a message; the bar is 1 µs of 1 MiB)",
        "sides": f"\n{sides()}",
        "even": f"the medians of {len(found['even'])} rounds; the aims are 200 µs and 20 %\n{evenness()}",
        "load after": f"{os.getloadavg()[0]:.2f}",
    }
