"""The staff pages, rendered on the server and kept live by server-sent events."""
