"""Measuring the bot on files of judged lines: noticing danger, answering questions, whole dialogues."""
