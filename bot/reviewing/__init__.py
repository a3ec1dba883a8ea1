"""Reviewing: what is to be judged, verdicts in two blind rounds, and what they agree on. No web in here."""
