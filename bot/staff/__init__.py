"""Staff: who may log in, how they prove it, and what they may do."""
