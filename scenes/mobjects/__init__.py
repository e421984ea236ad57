"""Arrays in, mobjects out. Builders are nouns and never play an animation."""
