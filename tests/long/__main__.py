"""Run the long tests in as many processes as LONG_WORKERS says, by default one for each core."""

import os
import subprocess
import sys


def main() -> int:
    """Start all, each with its part, and wait; 0 if all passed."""
    workers = int(os.environ.get("LONG_WORKERS", os.cpu_count() or 1))
    command = [sys.executable, "-m", "pytest", "-q", "-m", "long", "tests/long"]
    command += ["-o", "faulthandler_timeout=0"]
    running = [
        subprocess.Popen(command, env=os.environ | {"LONG_PART": f"{number}/{workers}"})
        for number in range(1, workers + 1)
    ]
    return max(process.wait() for process in running)


if __name__ == "__main__":
    sys.exit(main())
