"""Typical paths: how far journeys are from each other, which paths many people share, and whether there are any."""
