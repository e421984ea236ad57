"""Narration aloud: programs that speak, and the track that what they say becomes."""
