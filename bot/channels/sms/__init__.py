"""Text messages: one module a provider, the webhook, and who a conversation belongs to."""
