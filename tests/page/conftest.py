"""A service, and a browser that looks at it."""

import json
import os
import secrets
import signal
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from browser import Browser, wait

TOP = Path(__file__).resolve().parents[2]


class Service:
    """A service from a topic of its own into a schema of its own."""

    def __init__(self, folder):
        name = f"page_{secrets.token_hex(6)}"
        subprocess.run([TOP / "scripts/services", "tool", "postgres", "-q", "-c", f"CREATE SCHEMA {name}"], check=True, timeout=60)
        url = os.environ["POSTGRES_URL"]
        options = urllib.parse.quote(f"-c search_path={name}")
        self.folder = folder
        self.environment = os.environ | {
            "DB_URL": f"{url}{'&' if '?' in url else '?'}options={options}",
            "KAFKA_TOPIC": name, "KAFKA_GROUP_ID": name, "SERVER_PORT": "0",
        }  # fmt: skip
        # A service waits ever longer for a topic that is not there.
        self.rowgen("run", "pipelines/seed_status_messages.yaml", "--rows", "20", "--quiet").wait(timeout=60)
        self.address = None
        self.start()

    def rowgen(self, *words, **options):
        command = [os.environ["ROWGEN"], *words, "--out", self.folder]
        return subprocess.Popen([str(word) for word in command], cwd=TOP, env=self.environment, **options)

    def start(self):
        listen = ["--listen", self.address] if self.address else []
        log = open(self.folder / "log", "w")
        self.process = self.rowgen("serve", "pipelines/seed_status.yaml", *listen, stderr=log)
        wait(self.listens, f"the service does not start: {(self.folder / 'log').read_text()}")
        wait(lambda: self.get("status")["healthy"], "the service is not well")

    def listens(self):
        for line in (self.folder / "log").read_text().splitlines():
            if "address" in line:
                self.address = json.loads(line)["address"]
                return True
        return False

    @property
    def url(self):
        return f"http://{self.address}"

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=20) as answer:
            return json.load(answer)

    def end(self, sign=signal.SIGKILL):
        self.process.send_signal(sign)
        self.process.wait(timeout=60)


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path)
    yield service
    service.end()


@pytest.fixture
def page(tmp_path_factory):
    browser = Browser(os.environ["CHROMIUM"], tmp_path_factory.mktemp("browser"))
    yield browser.open()
    browser.close()


@pytest.fixture
def seen():
    """Where pictures are kept."""
    return Path(os.environ["SEEN"])
