"""What to write instead of a value that does not fit its key."""

import re
import unicodedata
from collections.abc import Iterator

import msgspec
from msgspec.structs import FieldInfo

from edge_agent.toml_text import shown
from edge_agent.units import SWITCHES, decode

WHOLE = re.compile(r"\s*(\d{1,15})\s*")
NUMBER = re.compile(r"\s*([-+]?\d{1,15}([.,]\d{1,15})?)\s*[°%]?[A-Za-z]*\s*")
# Numbers as other programs write them, by the key.
NUMBERS = {
    "address": re.compile(r"\s*(?:0[xX]|[$#])?([0-9A-Fa-f]{1,15}?)[hH]?\s*"),
    "bus": re.compile(r"\s*(?:/?dev/)?(?:(?:i2c|spi|bus)[-_ ]?)?(\d{1,15})\s*", re.IGNORECASE),
    "pin": re.compile(r"\s*(?:(?:GPIO|BCM)[-_ ]?)?(\d{1,15})\s*", re.IGNORECASE),
    "select": re.compile(r"\s*(?:CE)?(\d{1,15})\s*", re.IGNORECASE),
}
OWN = re.compile('xpected ("|a duration|a size|at most)')  # errors that have a remedy already
ADDRESSES = range(0x03, 0x78)
HEADER = "`edge-agent pins` shows which GPIO number a pin of the header has"


def remedy(field: FieldInfo, given: object, error: str) -> str:
    """Return what to write instead of a value such as "0x76", "GPIO22" or "Critical"."""
    if isinstance(given, str) and OWN.search(error):
        return ""
    found = next((one for one in _readings(field, given, error) if one), "")
    return f"; {found}" if found else ""


def _readings(field: FieldInfo, given: object, error: str) -> Iterator[str]:
    """Yield what the value may mean, the likeliest first."""
    if isinstance(given, str):
        yield _of_text(field, given, error)
    elif isinstance(given, dict):
        yield _of_table(field, given)
    elif isinstance(given, float) and given.is_integer() and _fits(field, int(given)):
        yield f"write {int(given)} without a point"
    elif isinstance(given, int) and field.encode_name == "address" and given // 2 in ADDRESSES:
        yield f"if it has 8 bits, write 0x{given // 2:02x}"
    yield _of_list(field, given)


def _of_text(field: FieldInfo, given: str, error: str) -> str:
    small = given.strip().lower()
    if error.startswith("Expected `int"):
        return _whole(field.encode_name, given)
    if error.startswith("Expected `float") and (found := NUMBER.fullmatch(given)):
        return f"write {found[1].replace(',', '.')} without quotes"
    if error.startswith("Expected `bool`") and small in SWITCHES:
        return f"write {shown(SWITCHES[small])}"
    if "regex" in error and field.encode_name in {"name", "node"}:
        return _as_name(given)
    return f"write {shown(small)}" if _fits(field, small) else ""


def _of_table(field: FieldInfo, given: dict[str, object]) -> str:
    """Return a table in small letters, with true or false for words that mean them."""
    small = {
        key: one.strip().lower() if isinstance(one, str) else one for key, one in given.items()
    }
    plain = {key: _switched(one) for key, one in small.items()}
    return next((f"write {shown(one)}" for one in (small, plain) if _fits(field, one)), "")


def _switched(value: object) -> object:
    return SWITCHES.get(value, value) if isinstance(value, str) else value


def _whole(key: str, given: str) -> str:
    found = NUMBERS.get(key, WHOLE).fullmatch(given)
    if not found:
        return HEADER if key == "pin" else ""
    if key != "address":
        return f"write {int(found[1])} without quotes"
    if int(found[1], 16) in ADDRESSES:
        return f"write 0x{int(found[1], 16):02x} without quotes"
    is_decimal = found[1].isdecimal() and int(found[1]) in ADDRESSES
    return f"write 0x{int(found[1]):02x} without quotes" if is_decimal else ""


def _as_name(given: str) -> str:
    """Return a name like the given one, in ASCII."""
    if "$" in given or "%" in given:
        return "a variable is not filled in here; write the name itself"
    plain = unicodedata.normalize("NFKD", given.replace("ß", "ss")).encode("ascii", "ignore")
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", plain.decode()).strip("_")
    return f"write {shown(name)}" if name else ""


def _of_list(field: FieldInfo, given: object) -> str:
    """Return a list of one in place of its entry, the reverse, or a list in small letters."""
    if not isinstance(given, list):
        return f"write {shown([given])}" if _fits(field, [given]) else ""
    if len(given) == 1 and _fits(field, given[0]):
        return f"write {shown(given[0])} without [ ]"
    small = [one.lower() if isinstance(one, str) else one for one in given]
    return f"write {shown(small)}" if _fits(field, small) else ""


def _fits(field: FieldInfo, value: object) -> bool:
    try:
        msgspec.convert(value, field.type, dec_hook=decode)
    except msgspec.ValidationError:
        return False
    return True
