"""Figures of a span of days: how many wrote, of what, in what danger, and how soon somebody had them."""
