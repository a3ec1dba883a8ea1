"""What clinicians do with texts: sign them, see them as people will, and list where they come from."""
