"""A phone network in a box: it texts the webhook as Twilio would, and takes texts as its API does."""
