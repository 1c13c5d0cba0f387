"""What a reminder says, on a screen that others may see."""

from django.utils.translation import gettext

from exercises.records.rowsecurity import reading_as
from exercises.records.sealing import CannotUnseal
from exercises.reminders.models import Reminder


def said(row: Reminder) -> str:
    """One's own words, or ours in the language of now; one line. Opens them as the person, whoever asks."""
    if vars(row)["message"] is None:  # nothing is sealed there, so no transaction of theirs is needed
        return row.text
    try:
        with reading_as(row.user_id):
            return row.text
    except CannotUnseal:  # sealed anew since it was read: ours will do for once
        return gettext("A reminder you set yourself.")
