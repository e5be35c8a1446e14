"""The Home Assistant of the tests is not to be reached from other machines, whatever happens."""

from pathlib import Path


def listening(pid):
    """Return the local addresses, as the kernel shows them, on which a process listens."""
    inodes = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                found.add(fields[1].partition(":")[0])
    return found


def test_it_listens_on_the_loopback_only(home):
    assert listening(home.pid) == {"0100007F"}


def test_in_its_recovery_mode_it_listens_on_the_loopback_only(new_home):
    new_home.configure("http: [")
    new_home.start()
    assert new_home.in_recovery_mode()
    assert listening(new_home.pid) == {"0100007F"}
