"""Understanding: the topic model, and the Rasa graph components around it and around the risk screener."""
