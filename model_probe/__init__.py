"""Runs a language model on a prompt and keeps every tensor of the run in one file, the trace."""
