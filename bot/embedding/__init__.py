"""Pages of a clinic with the widget on them: what such a page holds, and whether it is as it should be."""
