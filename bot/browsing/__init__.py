"""Finding conversations: by what is known of them, and by their words. No web in here."""
