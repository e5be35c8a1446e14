"""A simulated node: what it is configured to be, and what it publishes."""

import json
import signal
import subprocess
import sys

HEAD = 'node = "shed"\n[log]\ncommit_interval = 0\n[commands]\n'
HEAD += 'allow = ["set", "read", "acknowledge"]\n[home_assistant]\nenabled = true\n'
AIR = '[[device]]\nname = "air"\ndriver = "sht4x"\nevery = "1s"\n'
DOOR = '[[device]]\nname = "door"\ndriver = "contact"\npin = 17\nevery = "1s"\n'
PORCH = '[[device]]\nname = "porch"\ndriver = "contact"\npin = 18\nevery = "1s"\n'
FAN = '[[output]]\nname = "fan"\npin = 22\n'
LAMP = '[[output]]\nname = "lamp"\ndriver = "led"\npin = 23\n'
VENT = '[[output]]\nname = "vent"\ndriver = "servo"\npin = 24\n'
WARM = '[[rule]]\nname = "warm"\nwhen = "air.temperature > 60"\nmessage = "it is warm"\n'
CLASSES = '[home_assistant.classes]\n"door.active" = "door"\n"porch.active" = "motion"\n'
SHED = (CLASSES, AIR, DOOR, PORCH, FAN, LAMP, VENT, WARM)


class Node:
    """The real program on simulated chips; `received` grows with what comes from its broker."""

    def __init__(self, process, received):
        self.process = process
        self._received = received

    def start(self, *tables, head=HEAD):
        """Start the program, with these tables if there are any."""
        if tables:
            self.configure(*tables, head=head)
        self.process.start()
        return self

    def configure(self, *tables, head=HEAD):
        self.process.config.write_text(head + "".join(tables))

    def reload(self, *tables, head=HEAD):
        self.configure(*tables, head=head)
        self.process.send(signal.SIGHUP)

    def restart(self):
        self.process.kill()
        self.process.start()

    def control(self, line):
        """Change what is simulated, as `edge-agent control` does."""
        command = [sys.executable, "-m", "edge_agent", "control", "-c", str(self.process.config)]
        settings = ["--set", f"log.path={self.process.log}"]
        subprocess.run([*command, *settings, *line.split()], check=True, timeout=60)

    def latest(self, topic):
        """Return the latest message on a topic of the node, as JSON."""
        found = [body for name, body, _ in list(self._received) if name == f"edge/shed/{topic}"]
        return json.loads(found[-1]) if found and found[-1] else {}

    def components(self):
        """Return what is discoverable now, by key."""
        topic = "homeassistant/device/shed/config"
        found = [body for name, body, _ in list(self._received) if name == topic]
        message = json.loads(found[-1]) if found and found[-1] else {"components": {}}
        return {key: one for key, one in message["components"].items() if "unique_id" in one}
