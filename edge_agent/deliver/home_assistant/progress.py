"""How far the log has been compared with what Home Assistant has."""

from collections.abc import Collection, Mapping

import msgspec

NAME = "home_assistant/statistics"  # of the saved state


class ImportProgress(msgspec.Struct, frozen=True):
    """Every hour before `upto` is settled for `entities`; events up to `offset` are older."""

    log: str
    upto: int = 0
    offset: int = 0
    entities: tuple[str, ...] = ()

    def encoded(self) -> bytes:
        """Return it as it is saved."""
        return msgspec.json.encode(self)

    def with_entities(self, found: Collection[str]) -> "ImportProgress":
        """Return it for these entities; one that is new makes the log worth another look."""
        known = tuple(sorted(found))
        if set(known) <= set(self.entities):
            return self
        return ImportProgress(self.log, entities=known)


def saved_progress(saved: Mapping[str, bytes], log: str) -> ImportProgress:
    """Return what was saved; the beginning, if that is of another log or not readable."""
    try:
        found = msgspec.json.decode(saved[NAME], type=ImportProgress)
    except (KeyError, msgspec.MsgspecError):
        return ImportProgress(log)
    return found if found.log == log else ImportProgress(log)
