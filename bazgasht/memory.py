"""Memory of the machine, and of processes that run for long."""

import gc
import os


def machine_memory() -> int:
    """How much memory the machine has, in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20


def spare_what_is_loaded() -> None:
    """Let garbage collection pass over all that is there now; called when all is imported.

    The modules of numerical libraries are 170,000 objects that live as long as the
    process. Looking through all of them again and again costs a draining worker a seventh of its
    time, and a delivery that meets it waits for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
