"""Channels: between a wire format and `Message` and `Reply`."""
