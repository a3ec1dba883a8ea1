"""How what people wrote becomes training data: listed, scrubbed, and written only when a person says so."""
