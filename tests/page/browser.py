"""A headless Chromium, spoken to in the DevTools protocol."""

import base64
import json
import subprocess
import time
import urllib.request

import websocket

PATIENCE = 60


class Browser:
    """The browser itself; it is gone with its folder."""

    def __init__(self, program, folder):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--remote-debugging-port=0"]  # fmt: skip
        # Chromium tells where it listens in this file.
        self.port_file = folder / "DevToolsActivePort"
        self.process = subprocess.Popen(
            [program, *flags, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait(lambda: self.port_file.exists() and self.port_file.read_text().count("\n"), "the browser does not start")

    def open(self):
        port = self.port_file.read_text().splitlines()[0]
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return Page(json.load(answer)["webSocketDebuggerUrl"])

    def close(self):
        self.process.kill()
        self.process.wait()


class Page:
    """A tab, and what its console has said."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self.asked = 0
        self.complaints = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": parameters}))
        while True:
            said = json.loads(self.socket.recv())
            if said.get("id") == self.asked:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]
            self.hear(said)

    def hear(self, said):
        method, parameters = said.get("method"), said.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(parameters["args"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"])

    def look(self, script):
        """The value of an expression."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def go(self, url):
        self.ask("Page.navigate", url=url)

    def text(self, element):
        """Nothing while the page is not there."""
        return self.look(f"document.getElementById('{element}')?.textContent") or ""

    def number(self, element):
        """The digits of a text: thousands have a thin space between them."""
        return int("".join(letter for letter in self.text(element) if letter.isdigit()) or 0)

    def until(self, what, holds):
        wait(holds, what)

    def size(self, width, height):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def colours(self, scheme):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def keep(self, path):
        """A picture of the whole page."""
        # The page needs a moment to be drawn in its new size.
        time.sleep(0.3)
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


def wait(holds, what, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
