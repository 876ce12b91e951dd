"""Logs of events, of any tool and any size."""
