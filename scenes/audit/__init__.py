"""Where each number on screen comes from: `python -m scenes.audit`."""
