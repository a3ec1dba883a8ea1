"""Harborline's risk screen beside published offline detectors, on the same lines; `make bench-risk`."""
