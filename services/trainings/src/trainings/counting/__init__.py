"""Every count of people. The rules are functions of the database, which read all rows whoever asks: `counting_sql`."""

from trainings.counting.series import Account, Count, Scope, account_for, count_people
from trainings.counting.totals import Filters, Group, Part, account_for_trainings, count_trainings, has_records

__all__ = [
    "Account",
    "Count",
    "Filters",
    "Group",
    "Part",
    "Scope",
    "account_for",
    "account_for_trainings",
    "count_people",
    "count_trainings",
    "has_records",
]
