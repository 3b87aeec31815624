"""The sample flows: packed as solutions, and played by a small interpreter of their language."""
