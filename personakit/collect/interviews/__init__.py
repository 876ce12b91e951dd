"""Coded interviews, from the analysts' tools and back."""
