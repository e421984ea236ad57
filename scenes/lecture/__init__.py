"""The lecture: one idea, one file, one scene class."""
