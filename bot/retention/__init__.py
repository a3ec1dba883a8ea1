"""Deleting what is kept for longer than the clinic decided, or what one person wants deleted."""
