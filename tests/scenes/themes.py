"""Python in a process that has another theme: a process has one."""

import os
import subprocess
import sys


def in_theme(theme: str, *arguments: str) -> str:
    """Run Python in a process that has this theme; returns what it prints."""
    environment = {**os.environ, "LECTURE_THEME": theme}
    process = subprocess.run(
        [sys.executable, *arguments], env=environment, check=False, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout
