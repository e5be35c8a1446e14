"""Clones of the DS18B20, known by their ids and scratchpads.

After Chris Petrich's survey (github.com/cpetrich/counterfeit_DS18B20, CC BY), whose families are A
to H. Byte 6 is undocumented: in Maxim's own chips it is 0x0C at power-on, and 0x10 less the low
four bits of the temperature after a conversion.
"""

OWN_IDS = "28-0000"  # Maxim counts: no clone but one family has such an id
RESERVED = {5: 0xFF, 7: 0x10}  # bytes of the scratchpad (figure 9)


def has_reserved_bytes(frame: bytes) -> bool:
    """Return whether the reserved bytes are Maxim's; in families D they are not."""
    return all(frame[place] == value for place, value in RESERVED.items())


def shows_conversion(id: str, frame: bytes) -> bool:  # noqa: A002 - the kernel's word
    """Return whether a scratchpad shows that its temperature was converted since power-on.

    Families B, C and F never do; family E shows the same at power-on as at a real 85 °C.
    """
    own = id.startswith(OWN_IDS) and has_reserved_bytes(frame)
    return own and frame[6] == 0x10 - (frame[0] & 0x0F)


def clone(id: str, frame: bytes) -> str:  # noqa: A002
    """Return which families a chip can be of, by a conversion's scratchpad; "" for Maxim's own."""
    low = frame[0] & 0x0F
    if not has_reserved_bytes(frame):
        return "D"
    if frame[6] == 0x20 - low:
        return "G"
    if frame[6] != 0x10 - low:
        return "B, C or F"
    return "" if id.startswith(OWN_IDS) else "A2, B1v2, E or H"
