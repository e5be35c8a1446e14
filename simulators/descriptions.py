"""What users read about each kind of signal and fault: the simulator's page is made from it."""

SIGNALS = {
    "constant": "Stays at `level`.",
    "daily": "A sine with a period of one day. It rises through `mean` at the time `at` (6 h after "
    "the start by default) and peaks 6 h later, `swing` above it.",
    "pulses": "`high` for the duration `lasts`, first at the time `at`, then once every `every`; "
    "`low` otherwise.",
    "ramp": "Moves from `start` to `end` in a straight line. Begins at the time `at`, takes "
    "`lasts`, and then stays at `end`.",
    "replay": "Follows a recording: `file` is CSV with a `time,value` pair in each row, the time "
    "in seconds and increasing; a header is allowed. Values in between are interpolated, or held "
    "if `hold = true`.",
    "sine": "A sine around `mean`, `swing` high, which repeats every `period`. It rises through "
    "`mean` at the time `at`.",
    "step": "`before` until the time `at`, `after` from then on.",
    "walk": "A random walk. It stays within `swing` of `mean`; `period` sets its slowest movement.",
}
FAULTS = {
    "brown_out": "The supply fails for a moment: the chip returns to its power-on values and "
    "keeps working.",
    "corrupt_bits": "One bit of a frame arrives inverted, in this `share` of all frames (1 is all "
    "of them). `seed` selects the bits.",
    "dead_frame": "Every frame arrives as ones only, or as zeros only if `ones = false`.",
    "no_answer": "The chip does not acknowledge, but keeps its power.",
    "slow_conversion": "Conversions take `factor` times as long as usual.",
    "stuck_bus": "SDA is held low: every transfer times out.",
    "unplug": "The chip is disconnected. It comes back with power-on values.",
}
LINUX_FAULTS = {
    "failing": "The kernel's driver cannot read its device: EIO.",
    "gone": "The file does not exist: the driver is not loaded, or its device is unplugged.",
    "not_ready": "The kernel's driver has no value yet: EAGAIN.",
}
W1_FAULTS = {
    "busy": "The device is busy: the kernel's file is empty.",
    "noise": "The checksum is wrong.",
    "open": "Nothing pulls the wire low: ones only.",
    "power_on": "The conversion never ran: 85 °C, the power-on value.",
    "shorted": "The wire is shorted: zeros only, with a correct checksum.",
    "starved": "The supply failed during the conversion: 127.94 °C.",
    "unplug": "The device is disconnected; the kernel forgets it after 100 s.",
}
