"""How days are said."""

from datetime import date


def in_words(day: date) -> str:
    """A date as people say it: 1 March 2016."""
    return f"{day.day} {day:%B %Y}"
