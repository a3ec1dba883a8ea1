"""Harborline: curated answers, and the hotline for anyone at risk."""
