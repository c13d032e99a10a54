"""Run the long tests in as many processes as LONG_WORKERS says, by default one for each core.

With LONG_BATCH only that batch of stories is told, in one process.
"""

import os
import subprocess
import sys


def main() -> int:
    """Start all, each with its part, and wait; 0 if all passed."""
    is_batch = "LONG_BATCH" in os.environ
    workers = 1 if is_batch else int(os.environ.get("LONG_WORKERS", os.cpu_count() or 1))
    command = [sys.executable, "-m", "pytest", "-q", "-m", "long", "-o", "faulthandler_timeout=0"]
    command.append("tests/long/test_stories.py" if is_batch else "tests/long")
    running = [
        subprocess.Popen(command, env=os.environ | {"LONG_PART": f"{number}/{workers}"})
        for number in range(1, workers + 1)
    ]
    return max(process.wait() for process in running)


if __name__ == "__main__":
    sys.exit(main())
