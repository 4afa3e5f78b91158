"""What the environment of `scripts/bench` chooses, and what the tree says of itself."""

import os
import shlex
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PEERS = TOP / "benches" / "peers"


class Settings:
    rows = int(os.environ.get("ROWS", "10_000_000"))
    rows_memory = int(os.environ.get("ROWS_MEMORY", "100_000_000"))
    scale = os.environ.get("SCALE", "2")
    threads = int(os.environ.get("THREADS", "2"))
    rounds = int(os.environ.get("RUNS", "5"))
    messages = int(os.environ.get("MESSAGES", "1_000_000"))
    kafka_rounds = int(os.environ.get("RUNS", "3"))
    folder = Path(os.environ.get("BENCH_DIR", TOP / "target" / "bench"))
    rowgen = os.environ.get("ROWGEN", "")
    libraries = os.environ.get("LIBRARIES", "")


def crate_versions(crates):
    """The libraries' versions, as the lock file has them."""
    lines = (TOP / "Cargo.lock").read_text().splitlines()
    names = {f'name = "{crate}"': crate for crate in crates}
    return {names[line]: lines[at + 1].split('"')[1] for at, line in enumerate(lines) if line in names}


def readable(words):
    """A command as the record keeps it, without the folders of the machine it ran on."""
    places = {
        Settings.rowgen: "rowgen",
        Settings.libraries: "libraries",
        str(Path(sys.executable).parent) + "/": "",
        str(Settings.folder): "$BENCH_DIR",
        f"{TOP}/": "",
    }
    text = shlex.join(words)
    for place, name in places.items():
        text = text.replace(place, name) if place else text
    return text
