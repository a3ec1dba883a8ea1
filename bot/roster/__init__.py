"""Who of the clinic is told of a hand-off, when, and in what order: `data/roster.yml`."""

from bot.roster.reading import FILE, examine, load
from bot.roster.roster import ALARM, EVERYONE, Contact, Roster

__all__ = ["ALARM", "EVERYONE", "FILE", "Contact", "Roster", "examine", "load"]
