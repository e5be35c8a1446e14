"""The kinds of machines that tests use, each booted once, frozen, and resumed from then on."""

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from lab.cache import CACHE, fingerprint, once
from lab.images import boot_loader, initrd
from lab.kernel import kernel
from lab.qemu import Guest, Plan
from lab.tools import qemu, tool
from lab.trees import disk

# lgpio's wheel wants x86-64-v2, which QEMU's default processor is not
X86 = ("-M", "q35", "-cpu", "Nehalem", "-m", "512")
VIRT = ("-M", "virt", "-cpu", "cortex-a72", "-m", "512")
NETWORK = ("-nic", "user,model=virtio-net-pci")
USB_PC_LOADED = "i2c-dev,vhci-hcd,i2c-tiny-usb,ds2490,w1-therm,virtio_net,crc32c_generic,ext4"
USB_PC_LATER = "virtio_blk,lm75,tmp102,sht3x,bmp280-i2c,ina2xx-adc"  # by `load`, in a test
USB_PC = [*USB_PC_LOADED.split(","), *USB_PC_LATER.split(",")]
PINS = ["virtio_net"]
SYSTEM = "virtio_net,virtio_blk,crc32c_generic,ext4,autofs4,i2c-dev,vhci-hcd,i2c-tiny-usb,i6300esb"
BOARD_REVISION = "c03115"  # of a Pi 4B, as its firmware reports it: gpiozero reads it
PI_BUSES = "bcm2835_wdt,i2c-bcm2835,i2c-dev,phy-generic,dwc2,usbnet,cdc_ether"
PI = f"{PI_BUSES},bcm2835,mmc_block,crc32c_generic,ext4,autofs4"
PI_TREE = "broadcom/bcm2837-rpi-3-b.dtb"
DISK_SIZE = 64 << 20
DEBIAN_MEGABYTES = 2000
WARM_UP = "python3 -c 'import msgspec, paho.mqtt.client, sqlite_utils, gpiozero' 2>&-; sync"


def usb_pc() -> Plan:
    """Return the PC with a USB port for emulated adapters; each test provides its disk."""
    debian = kernel("amd64")
    return Plan(
        "usb_pc",
        "x86_64",
        (
            *X86,
            *("-kernel", str(debian.image)),
            *("-initrd", str(initrd("amd64", debian, USB_PC))),
            *("-append", f"console=ttyS0 quiet reboot=t rdinit=/init modules={USB_PC_LOADED}"),
            *NETWORK,
            *("-device", "virtio-blk-pci,drive=disk"),
        ),
    )


def pins() -> Plan:
    """Return the board whose GPIO lines are driven from outside: QEMU's virt with a PL061."""
    debian = kernel("arm64")
    return Plan(
        "pins",
        "aarch64",
        (
            *VIRT,
            *("-kernel", str(debian.image)),
            *("-initrd", str(initrd("arm64", debian, PINS))),
            *("-dtb", str(_device_tree())),
            *("-append", "console=ttyAMA0 quiet rdinit=/init modules=virtio_net"),
            *NETWORK,
        ),
    )


def system() -> Plan:
    """Return the PC with a bare Debian Bookworm: its disk is `disposable()`."""
    debian = kernel("amd64")
    append = f"console=ttyS0 quiet reboot=t rdinit=/init disk=/dev/vda modules={SYSTEM}"
    return Plan(
        "system",
        "x86_64",
        (
            *X86,
            *("-kernel", str(debian.image)),
            *("-initrd", str(boot_loader(debian, SYSTEM.split(",")))),
            *("-append", append),
            *NETWORK,
            *("-device", "virtio-blk-pci,drive=disk"),
        ),
    )


def raspberry_pi(sd_card: Path) -> Plan:
    """Return a Raspberry Pi 3B with Debian's kernel: BCM2835's I2C, a TMP105 at 0x48 on it.

    One emulation thread: the parked cores spin and would starve the others. ttyAMA0 belongs to
    Bluetooth, so the console is ttyS1, as on the board. Writes to the card are discarded.
    """
    debian = kernel("arm64")
    append = f"console=ttyS1,115200 quiet rdinit=/init disk=/dev/mmcblk0 modules={PI}"
    return Plan(
        "pi",
        "aarch64",
        (
            *("-M", "raspi3b", "-accel", "tcg,thread=single"),
            *("-kernel", str(debian.image)),
            *("-initrd", str(boot_loader(debian, PI.split(",")))),
            *("-dtb", str(debian.device_trees / PI_TREE)),
            *("-append", append),
            *("-device", "tmp105,id=thermometer,bus=i2c-bus.1,address=0x48"),
            *("-netdev", "user,id=net", "-device", "usb-net,netdev=net,id=nic"),
            *("-drive", f"if=sd,format=raw,snapshot=on,file={sd_card}"),
        ),
        ("-serial", "null", "-serial", "stdio"),
    )


def bare_debian() -> Path:
    """Return the disk of a bare Debian Bookworm, in its state when its machine was frozen."""
    image = disk("bookworm", "amd64", "ttyS0", DEBIAN_MEGABYTES)
    return once(CACHE / f"{image.stem}.qcow2", lambda fresh: overlay(fresh, image, "raw"))


def disposable(folder: Path) -> tuple[str, ...]:
    """Return the arguments for a temporary disk that starts as the bare Debian's."""
    path = folder / "disposable.qcow2"
    overlay(path, bare_debian(), "qcow2")
    return on_disk(path)


def on_disk(path: Path) -> tuple[str, ...]:
    """Return the arguments for a disk in a qcow2 file."""
    return ("-drive", f"if=none,id=disk,format=qcow2,file={path}")


def overlay(path: Path, below: Path, kind: str) -> None:
    """Create a disk that stores only the differences from the one below."""
    create = [*tool("qemu-img"), "create", "-q", "-f", "qcow2", "-b", str(below), "-F", kind]
    subprocess.run([*create, str(path)], check=True)


def no_disk() -> tuple[str, ...]:
    """Return the arguments for an empty placeholder disk."""
    return ("-drive", f"if=none,id=disk,driver=null-co,size={DISK_SIZE}")


def frozen(plan: Plan, *disk: str) -> Path:
    """Return the file of a plan's machine, booted with this disk and frozen."""
    name = fingerprint([plan.architecture, *plan.arguments])
    return once(CACHE / f"frozen-{plan.name}-{name}", lambda fresh: _freeze(fresh, plan, disk))


def _freeze(fresh: Path, plan: Plan, disk: Iterable[str]) -> None:
    with Guest(plan, fresh.parent, *disk) as guest:
        guest.expect("READY", 240)
        guest.run(WARM_UP, 120)
        guest.freeze(fresh)


def resume(plan: Plan, folder: Path, *more: str) -> Guest:
    """Return a machine that continues from its frozen state, with the right time."""
    state = frozen(plan, *more)
    guest = Guest(plan, folder, *more, "-incoming", f"file:{state}").thaw()
    guest.run(f"date -s @{time.time():.0f}")
    return guest


def resume_debian(folder: Path) -> Guest:
    """Return the bare Debian, running, with its own disk."""
    frozen(system(), *on_disk(bare_debian()))
    return resume(system(), folder, *disposable(folder))


def _device_tree() -> Path:
    """Return virt's device tree with a board revision, and line 3 free of the power button."""
    return once(CACHE / "virt.dtb", _write_device_tree)


def _write_device_tree(fresh: Path) -> None:
    dump = [*qemu("aarch64"), *VIRT, "-machine", f"dumpdtb={fresh}", "-display", "none"]
    subprocess.run(dump, check=True, stderr=subprocess.DEVNULL)
    fdtput = tool("fdtput")
    subprocess.run([*fdtput, "-c", str(fresh), "/system"], check=True)
    revision = ["/system", "linux,revision", BOARD_REVISION]
    subprocess.run([*fdtput, "-t", "x", str(fresh), *revision], check=True)
    subprocess.run([*fdtput, "-r", str(fresh), "/gpio-keys"], check=True)
