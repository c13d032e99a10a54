"""Memory of processes that run for long."""

import gc


def spare_what_is_loaded() -> None:
    """Let garbage collection pass over all that is there now; called when all is imported.

    The modules of numerical libraries are 170,000 objects that live as long as the
    process. Looking through all of them again and again costs a draining worker a seventh of its
    time, and a delivery that meets it waits for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
