"""A headless Chromium, driven by its own driver over WebDriver: one window, on loopback alone."""

import base64
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

from lab.broker import free_port
from lab.waiting import eventually

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id, by the standard
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Shift": "\ue008"}
KEYS |= {"Left": "\ue012", "Up": "\ue013", "Right": "\ue014", "Down": "\ue015"}
PHONE, LAPTOP = (390, 844), (1280, 800)
# Nothing but loopback has an address; what a browser does of its own accord is switched off.
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # for root
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
TIMEOUT = 120  # s for one command, on a machine that is busy


class NoSuchElement(Exception):
    """The page has no such element, or it has just been replaced."""


def program(name):
    """Return the path of Chromium or its driver."""
    found = shutil.which(name)
    assert found, f"{name} is missing: `make test-browser` fetches it, or `apt install {name}`"
    return found


class Chromium:
    """One window; each function waits for the page to have done what it asks for."""

    def __init__(self, directory):
        self._url = f"http://127.0.0.1:{free_port()}"
        port = self._url.rpartition(":")[2]
        command = [program("chromedriver"), f"--port={port}"]
        with (directory / "chromedriver.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._is_ready)
        self._session = self._begin(directory)

    def _begin(self, directory):
        options = {
            "binary": program("chromium"),
            "args": [*FLAGS, f"--user-data-dir={directory / 'profile'}"],
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        return f"/session/{answer['sessionId']}"

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def close(self):
        """End the browser, and its driver with all that it has started."""
        try:
            self._ask("DELETE", self._session)
        finally:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)

    def open(self, url):
        """Load a page."""
        self._do("POST", "/url", {"url": url})

    @property
    def address(self):
        """Return the URL of the page, with what is behind its #."""
        return self._do("GET", "/url")

    def run(self, script, *arguments):
        """Return what a function body in JavaScript returns, or its promise's value."""
        return self._do("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self, css):
        """Return the visible text of an element."""
        return self._do("GET", f"/element/{self._find(css)}/text")

    def texts(self, css):
        """Return the text of each element that matches."""
        script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)"
        return self.run(script, css)

    def has(self, css):
        """Return whether an element matches."""
        return self.run("return document.querySelector(arguments[0]) !== null", css)

    def click(self, css):
        """Click on an element as a finger does: it must be visible."""
        self._do("POST", f"/element/{self._find(css)}/click", {})

    def write(self, css, text):
        """Write into a field, in place of what it has."""
        element = self._find(css)
        self._do("POST", f"/element/{element}/clear", {})
        self._do("POST", f"/element/{element}/value", {"text": text})

    def press(self, *keys, shift=False):
        """Press keys, one after the other, at whatever has the focus."""
        for key in keys:
            code = KEYS.get(key, key)
            actions = [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
            if shift:
                held = {"value": KEYS["Shift"]}
                actions = [{"type": "keyDown", **held}, *actions, {"type": "keyUp", **held}]
            source = {"type": "key", "id": "keyboard", "actions": actions}
            self._do("POST", "/actions", {"actions": [source]})

    def drag(self, begin, end, pointer="mouse"):
        """Drag a `mouse` or a finger, `touch`, from one place to another, in CSS pixels."""
        (x, y), (to_x, to_y) = begin, end
        actions = [
            {"type": "pointerMove", "duration": 0, "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "duration": 200, "x": to_x, "y": to_y},
            {"type": "pointerUp", "button": 0},
        ]
        parameters = {"pointerType": pointer}
        source = {"type": "pointer", "id": pointer, "parameters": parameters, "actions": actions}
        self._do("POST", "/actions", {"actions": [source]})

    @property
    def focus(self):
        """Return what the focus is on: its tag, and its text, label or name."""
        return self.run(
            "const one = document.activeElement; return one.tagName.toLowerCase() + ' ' +"
            " (one.getAttribute('aria-label') || one.innerText || one.name || '').trim()"
        )

    def resize(self, size):
        """Show the page as on a screen of this size, in CSS pixels."""
        width, height = size
        phone = size == PHONE
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip

    def paint(self, scheme):
        """Show the page in `light` or `dark`."""
        self._devtools(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def screenshot(self, file, quality=82):
        """Save what is visible as WebP, with a quality of up to 100."""
        taken = self._devtools("Page.captureScreenshot", format="webp", quality=quality)
        file.write_bytes(base64.b64decode(taken["data"]))

    def complaints(self):
        """Return what the console has said since the last call: errors, what the CSP blocked."""
        return [one["message"] for one in self._do("POST", "/se/log", {"type": "browser"})]

    def _devtools(self, command, **parameters):
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _find(self, css):
        found = self._do("POST", "/element", {"using": "css selector", "value": css})
        return found[ELEMENT]

    def _do(self, method, path, body=None):
        return self._ask(method, self._session + path, body)

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            found = json.load(error)["value"]
            kind = found["error"]
            if kind in {"no such element", "stale element reference"}:
                raise NoSuchElement(found["message"]) from None
            raise AssertionError(f"{kind}: {found['message']}") from None
