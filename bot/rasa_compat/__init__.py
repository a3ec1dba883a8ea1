"""Everything that knows Rasa's insides. Import `bot.rasa_compat.tensorflow_free` before `rasa`."""
