"""Runs rowgen on pipelines that the tests write down."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PIPELINES = Path(__file__).resolve().parents[2] / "pipelines"
USERS = {
    "id": {"sequence": {"start": 1}},
    "nome_utente": {"template": "user{id}"},
    "email": {"template": "user{id}@example.com"},
}


def user(number):
    """Row `number`, from 1, of the users."""
    return {"id": number, "nome_utente": f"user{number}", "email": f"user{number}@example.com"}


@dataclass
class Outcome:
    code: int
    said: str
    folder: Path
    report: dict | None

    def sink(self, name):
        (found,) = [sink for sink in self.report["sinks"] if sink["name"] == name]
        return found


class Rowgen:
    """rowgen in a folder of its own."""

    def __init__(self, folder, address):
        self.folder = folder
        self.address = address

    def write(self, tables, sinks, name="pipeline", **more):
        """A pipeline file; JSON is YAML too."""
        path = self.folder / f"{name}.yaml"
        text = tables if isinstance(tables, str) else json.dumps(
            {"version": 1, "name": name, "tables": tables, "sinks": sinks, **more}, indent=1
        )  # fmt: skip
        path.write_text(text)
        return path

    def kafka(self, table, topic, **options):
        return {"kafka": {"table": table, "brokers": self.address, "topic": topic, **options}}

    def from_kafka(self, topic, group, **options):
        """What a table that comes from a topic, from its beginning to its present end, says of that."""
        options = {"brokers": self.address, "topic": topic, "group": group, "start": "earliest", "until": "end"} | options
        return {"kafka": options}

    def start(self, path, *options, **params):
        """A run under way; `finish` waits for it."""
        sets = [word for name, value in params.items() for word in ("--set", f"{name}={value}")]
        words = [os.environ["ROWGEN"], "run", path.name if path.parent == self.folder else path, "--report", self.folder / "report.json"]
        words += [] if "--out" in options else ["--out", self.folder]
        (self.folder / "report.json").unlink(missing_ok=True)
        process = subprocess.Popen(
            [str(word) for word in [*words, *options, *sets]],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=os.environ | {"NO_COLOR": "1", "ROWGEN_LOG": "text"},
        )  # fmt: skip
        process.expected = None
        return process

    def finish(self, process, code=0, timeout=300):
        try:
            _, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
            raise AssertionError(f"not ended after {timeout} s\n{said}") from None
        assert process.returncode == code, f"exit code {process.returncode}, expected {code}\n{said}"
        path = self.folder / "report.json"
        return Outcome(code, said, self.folder, json.loads(path.read_text()) if path.exists() else None)

    def run(self, tables, sinks=None, *options, code=0, timeout=300, **params):
        """Runs tables into sinks (or a pipeline's text), and waits for the end with this exit code."""
        return self.finish(self.start(self.write(tables, sinks), *options, **params), code, timeout)
