"""A shell that carries out what a remedy says, literally, on the fake Raspberry Pi."""

import re
import shlex
import subprocess
from pathlib import Path

COREUTILS = {"chmod", "echo", "install", "mv", "sed"}


class Shell:
    """Runs the commands that remedies name; an unknown one is an error."""

    def __init__(self, pi):
        self._pi = pi

    def follow(self, finding, choice=0):
        """Carry out a remedy: the lines it names, then the commands, in their order."""
        text = finding.remedy.split("; or ")[choice]
        if line := re.search(r"add `(.+?)` under \[all\] in (\S+),", text):
            place = self._pi.path(line[2])
            place.write_text(place.read_text() + f"[all]\n{line[1]}\n")
        if line := re.search(r"set `((\w+) = .+?)` under \[(\w+)\] in (\S+)", text):
            lines = [one for one in Path(line[4]).read_text().splitlines() if one]
            kept = [one for one in lines if not one.startswith(f"{line[2]} =")]
            kept.insert(kept.index(f"[{line[3]}]") + 1, line[1])
            Path(line[4]).write_text("\n".join(kept))
        for command in re.findall(r"`((?:sudo|echo) .+?)`", text):
            self.run(command)

    def run(self, line):
        """Run commands that are joined by &&, without their `sudo`."""
        for part in line.split(" && "):
            words = [word for word in shlex.split(part.split("<<<")[0]) if word != "sudo"]
            if words[0] in COREUTILS:
                self._coreutils(part)
            else:
                getattr(self, "_" + re.sub(r"\W", "_", words[0]))(*words[1:])

    def _coreutils(self, line):
        """Run it for real, below the root; owners are only recorded."""
        here = re.sub(
            rf"(?<![\w/])(?!{self._pi.root})/(?=(boot|etc|var|run)/)", f"{self._pi.root}/", line
        )
        script = f'sudo() {{ "$@"; }}\n{re.sub(r"-[og] [a-z-]+ ", "", here)}'
        subprocess.run(["bash", "-ec", script], check=True)

    def _chown(self, *words):
        *_, owner, place = words
        assert owner == "edge-agent:"
        directory, pattern = Path(place).parent, Path(place).name
        for path in directory.glob(pattern):
            for each in (path, *path.rglob("*")) if "-R" in words else (path,):
                self._pi.owners[str(each)] = (990, 990)

    def _chgrp(self, group, place):
        uid, _ = self._pi.owners.get(place, (0, 0))
        self._pi.owners[place] = (uid, self._pi.gid(group))

    def _usermod(self, option, group, user):
        assert option == "-aG"
        path = self._pi.path("/etc/group")
        rows = [row.split(":") for row in path.read_text().splitlines()]
        for row in rows:
            if row[0] == group:
                row[3] = ",".join(filter(None, (row[3], user)))
        path.write_text("".join(":".join(row) + "\n" for row in rows))

    def _apt(self, *words):
        assert words[0] == "install"

    def _dmesg(self):
        pass

    def _modprobe(self, module):
        if module == "dht11":
            self._pi.start_dht()
            return
        assert module == "i2c-dev"
        self._pi.node("/dev/i2c-1")

    def _reboot(self):
        self._pi.boot()

    def _raspi_config(self, option, what, value):
        line = {
            ("do_i2c", "0"): "dtparam=i2c_arm=on",
            ("do_spi", "0"): "dtparam=spi=on",
            ("do_onewire", "0"): "dtoverlay=w1-gpio",
            ("do_serial_hw", "0"): "enable_uart=1",
            ("do_overlayfs", "1"): "",
        }[what, value]
        assert option == "nonint"
        self._pi.overlay = self._pi.overlay and bool(line)
        text = self._pi.path("/boot/firmware/config.txt").read_text()
        self._pi.write("/boot/firmware/config.txt", f"{text}[all]\n{line}\n")

    def _mount(self, option, options, point):
        assert (option, options, point) == ("-o", "remount,rw", "/")
        self._pi.read_only = False
        self._pi.mounts()

    def _apt_get(self, *_):
        self._pi.free += 300_000_000

    def _journalctl(self, *_):
        self._pi.free += 300_000_000

    def _timedatectl(self, *words):
        assert words == ("set-ntp", "true")
        self._pi.services.add("systemd-timesyncd")
        self._pi.clock.trusted = True

    def _edge_agent(self, *words):
        if words[0] == "doctor":
            assert words[1] == "--bundle"
        else:
            assert words == ("service", "install")
            self._pi.service_install()

    def _systemctl(self, *words):
        match words:
            case ("start" | "restart", "edge-agent"):
                self._pi.start()
            case ("enable", "--now", "edge-agent"):
                assert self._pi.unit["LoadState"] == "loaded"
                self._pi.unit["UnitFileState"] = "enabled"
                self._pi.start()
            case ("unmask", "edge-agent"):
                self._pi.unit |= {"LoadState": "loaded", "UnitFileState": "disabled"}
            case ("daemon-reload",):
                self._pi.unit.pop("NeedDaemonReload", None)
            case ("restart", "systemd-timesyncd"):
                self._pi.clock.trusted = True
            case ("set-property", "edge-agent", *limits):
                for name, _, value in (limit.partition("=") for limit in limits):
                    assert name in self._pi.unit
                    self._pi.unit[name] = str(int(value.removesuffix("M")) * 1_000_000)
            case _:
                raise AssertionError(words)
