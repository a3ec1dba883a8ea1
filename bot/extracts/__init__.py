"""Conversations as files for other programs: CSV and JSON Lines, scrubbed unless told otherwise."""
