"""Words of other programs and of their users, and what to write instead."""

URL = 'write url = "mqtt://host:port"'
DEVICE, OUTPUT, RULE = (f"write it as [[{table}]]" for table in ("device", "output", "rule"))
BUS = "remove it; each [[device]] says how it is connected, as in bus = 1"
LISTEN = 'write listen = "127.0.0.1:{}"'
CHANNEL = "write it below [device.channel.<name>], with the name of a channel"
WHEN = "write it in `when`, as in 22:00 <= time < 6:00"
STATUS = "remove it; the agent publishes its status by itself"
# What to do with a key that belongs elsewhere or is not needed, by the table that has it.
MISPLACED = {
    "": {
        **dict.fromkeys(("devices", "sensor", "sensors", "inputs", "iio", "gpio"), DEVICE),
        **dict.fromkeys(("relay", "relays", "switch", "actuator", "actuators"), OUTPUT),
        **dict.fromkeys(("rules", "automation", "automations", "alert", "alerts"), RULE),
        **dict.fromkeys(("trigger", "condition", "action"), RULE),
        **dict.fromkeys(("i2c", "spi", "w1", "onewire", "uart"), BUS),
        **dict.fromkeys(("name", "hostname", "host_name", "device_id"), "write node"),
        **dict.fromkeys(("broker", "server"), f"{URL} below [mqtt]"),
        **dict.fromkeys(("wifi", "network", "api", "ota"), "remove it; the system does this"),
        **dict.fromkeys(("logger", "logging"), "remove it; the log of events is [log]"),
        "channel": "write [device.channel.<name>], below its [[device]]",
        "outputs": "write [[sink]] for a destination, [[output]] for a relay or a lamp",
        "agent": 'remove it; node stands at the top, and every = "10s" below each [[device]]',
        "database": "write [log]",
        "ha": "write [home_assistant]",
        "prometheus": "write [metrics]",
        "influxdb": "write [[sink]]; docs/recipes.md shows how events get into InfluxDB",
    },
    "mqtt": {
        **dict.fromkeys(("broker", "host", "port", "server", "servers", "address"), URL),
        **dict.fromkeys(("user", "login"), "write username"),
        **dict.fromkeys(("password", "pass"), "write it to a file, and name that in password_file"),
        **dict.fromkeys(("tls", "ssl"), 'write url = "mqtts://host"'),
        **dict.fromkeys(("base_topic", "topic_prefix", "prefix"), "write topic"),
        **dict.fromkeys(("ca_certs", "cafile", "ca_file", "ca_cert", "tls_ca"), "write ca"),
        **dict.fromkeys(("cert", "certfile", "tls_cert", "client_cert"), "write certificate"),
        **dict.fromkeys(("keyfile", "tls_key", "client_key", "private_key"), "write key"),
        **dict.fromkeys(
            ("insecure", "verify", "insecure_skip_verify", "tls_insecure"),
            "name the broker's CA in ca; TLS always checks it",
        ),
        **dict.fromkeys(("will", "birth", "availability_topic"), STATUS),
        "discovery": "write enabled = true below [home_assistant]",
        "qos": "remove it; it is always 1",
        "node": "write it at the top of the file, before [mqtt]",
        "enabled": "remove it; without [mqtt], the broker of this machine is used",
    },
    "commands": dict.fromkeys(("set", "read", "reload", "enabled"), 'write allow = ["set"]'),
    "metrics": dict.fromkeys(("port", "address", "bind", "enabled"), LISTEN.format(9273)),
    "web": dict.fromkeys(("port", "address", "bind", "enabled"), LISTEN.format(8080)),
    "log": {
        **dict.fromkeys(("retention", "max_age", "days"), "write keep"),
        **dict.fromkeys(("file", "directory", "dir"), "write path"),
        "level": "remove it; `edge-agent run --verbose` shows more, and --quiet less",
    },
    "device": {
        **dict.fromkeys(("offset", "scale", "median", "dead_band", "decimals"), CHANNEL),
        "unit_of_measurement": "remove it; each quantity has one unit",
        "host": 'write path = "tcp://host:port"',
        "enabled": "remove it; put # in front of each line of a device that is not to be read",
    },
    "notify": {
        "topic": 'write url = "ntfy://topic"',
        "kinds": "remove it; alerts are sent, from `severity` on",
    },
    "device.channel": {
        "unit": "remove it; each quantity has one unit",
        "filter": "write median",
    },
    "output": {
        "active_high": "write active_low, with the opposite value",
    },
    "rule": {
        **dict.fromkeys(("time", "between", "days", "weekday", "hours"), WHEN),
        "else": "remove it; what the rule has set ends with its alert",
        "hysteresis": "write the limit at which the alert ends in `clear`",
        "cooldown": "write keep_firing_for",
        "enabled": "remove it, or put # in front of each line of the rule",
        "notify": "remove it; each [[notify]] has the severity from which it is sent",
    },
}
# Keys as other agents call them, by the table.
OTHER_WORDS = {
    "device": {
        **dict.fromkeys(("type", "chip", "sensor", "model", "platform"), "driver"),
        **dict.fromkeys(("interval", "period", "scan_interval", "update_interval"), "every"),
        **dict.fromkeys(("gpio", "gpio_pin"), "pin"),
        **dict.fromkeys(("inverted", "invert"), "active_low"),
        **dict.fromkeys(("friendly_name", "alias", "title"), "name"),
        "i2c_address": "address",
        "i2c_bus": "bus",
        "port": "path",
    },
    "device.channel": {
        **dict.fromkeys(("min", "minimum"), "low"),
        **dict.fromkeys(("max", "maximum"), "high"),
        **dict.fromkeys(("precision", "accuracy_decimals", "round"), "decimals"),
        **dict.fromkeys(("factor", "multiplier", "gain"), "scale"),
        "delta": "dead_band",
    },
    "output": {
        **dict.fromkeys(("gpio", "gpio_pin"), "pin"),
        **dict.fromkeys(("type", "platform"), "driver"),
        **dict.fromkeys(("inverted", "invert"), "active_low"),
        **dict.fromkeys(("initial", "state", "restore_mode", "initial_state"), "at_start"),
        "default": "safe",
    },
    "rule": {
        **dict.fromkeys(("if", "condition", "trigger", "expression"), "when"),
        **dict.fromkeys(("then", "action", "actions", "do", "output"), "set"),
        **dict.fromkeys(("level", "priority"), "severity"),
        **dict.fromkeys(("hold", "delay", "duration"), "for"),
        **dict.fromkeys(("text", "description", "summary"), "message"),
        **dict.fromkeys(("id", "alias"), "name"),
    },
    "rule.threshold": {
        **dict.fromkeys(("min", "minimum"), "low"),
        **dict.fromkeys(("max", "maximum"), "high"),
        "default": "value",
    },
    "notify": {"level": "severity"},
}


def instead(heading: str) -> dict[str, str]:
    """Return for each wrong key of a table what to do, such as "write every".

    A table with a name, such as `device.channel.temperature`, has the words of `device.channel`.
    """
    if heading.count(".") > 1:
        heading = heading.rpartition(".")[0]
    others = OTHER_WORDS.get(heading, {})
    return {**{key: f"write {word}" for key, word in others.items()}, **MISPLACED.get(heading, {})}
