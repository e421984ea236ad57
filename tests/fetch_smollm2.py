"""Fetch SmolLM2 into the user's cache, for the tests that run on it: `python -m tests.fetch_smollm2`."""

import sys

from model_probe.errors import ModelError
from model_probe.smollm2 import smollm2_file

if __name__ == "__main__":
    try:
        smollm2_file()
    except ModelError as error:
        print(f"the tests on a real model will be skipped: {error}", file=sys.stderr)
