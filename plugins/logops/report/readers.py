"""Decide whose data a reader of the page may see. Pure. What is not certain is not shown."""

from collections.abc import Collection

from logops.environment.page import Page
from logops.report.section import EVERYTHING, STANDARD, Shown


def shown_to(page: Page, user_id: str, roles: Collection[str]) -> Shown:
    """Return whose data a reader may see: also that of security clusters only if the environment names the reader.

    >>> from logops.environment.page import Page
    >>> sorted(shown_to(Page(security_roles=("security",)), "7", ["User", "security"]))
    ['security', 'standard']
    >>> sorted(shown_to(Page(), "7", ["Admin"]))
    ['standard']
    """
    named = user_id in page.security_users or not set(page.security_roles).isdisjoint(roles)
    return EVERYTHING if named else STANDARD
