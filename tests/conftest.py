"""Fixtures that every test may use."""

pytest_plugins = [
    "tests.fixtures.clock",
    "tests.fixtures.database",
    "tests.fixtures.layers",
    "tests.fixtures.server",
]
