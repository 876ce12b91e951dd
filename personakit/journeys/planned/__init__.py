"""The designed journey: what was planned, written down, and how far people are from it."""
