"""Roles, each of which may do all that the one below it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Reviewers read and label; clinicians also take hand-offs; admins also manage staff."""

    REVIEWER = "reviewer"
    CLINICIAN = "clinician"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this role is `needed` or above it."""
        order = list(Role)
        return order.index(self) >= order.index(needed)

    @property
    def needs_second_factor(self) -> bool:
        """Whoever can act for the clinic proves it twice."""
        return self is not Role.REVIEWER
