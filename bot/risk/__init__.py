"""Finding danger in a message: `Screener.load(folder).screen(text, history) -> Risk`."""

from bot.risk.located import RiskDataError
from bot.risk.screen import Screener

__all__ = ["RiskDataError", "Screener"]
