"""Cases: hand-offs as staff work on them. No web in here, and no words in the queue."""
