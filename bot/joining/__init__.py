"""Staff joining a conversation: the bot falls silent, they write, and they give it back."""
