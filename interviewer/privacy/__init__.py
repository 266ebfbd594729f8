"""What is kept of candidates: told and handed out to them, deleted at their wish or when its time is over.

What stays of an interview is a tombstone: that it took place, its dates, position, outcome of the decision and the
receipt's hash, and codes and sums without words for the statistics of questions; no text, no name, nobody.
"""

from interviewer.privacy.erasing import LastOperator, erase_interview, erase_person
from interviewer.privacy.export import archive
from interviewer.privacy.purging import Tally, by_organisation, purge_if_due, purge_some, until

__all__ = [
    "LastOperator",
    "Tally",
    "archive",
    "by_organisation",
    "erase_interview",
    "erase_person",
    "purge_if_due",
    "purge_some",
    "until",
]
