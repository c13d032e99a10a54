"""What a measurement ran on."""

import platform
import re
from pathlib import Path


def processor() -> str:
    """The processor's name."""
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor()
    found = re.search(r"model name\s*:\s*(.+)", information.read_text("utf-8"))
    return found[1] if found else platform.machine()
