"""How one person likes it: one row each, made when the first wish is kept."""

from typing import Any, ClassVar

from django.db import models

from exercises.records.models import Record, hidden
from exercises.records.sealing import SealedJSONField


class Settings(Record):
    """One person's wishes; `person.settings` holds at most one."""

    days = ()
    not_portable: ClassVar = {"pin", "pin_missed"}

    blur = models.BooleanField(default=False)  # one's own words unreadable from a distance
    pin = models.CharField(max_length=128, blank=True)  # hashed; empty for no lock
    pin_missed = models.PositiveSmallIntegerField(default=0, editable=False)  # wrong PINs in a row
    progress_on = models.BooleanField(default=True)  # the progress page
    drafts_on = models.BooleanField(default=True)  # what is being typed is kept
    put_downs = SealedJSONField(default=list)  # moments of the last week at which going round was put down, ISO 8601
    start_with = SealedJSONField(default=dict)  # answers to the three small questions: with, situation, minutes

    class Meta:
        default_related_name = "settings"
        indexes = [hidden("settings_hidden")]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(deleted_at=None), name="one_settings_each")
        ]


def wishes(user: Any) -> Settings:
    """This person's wishes, asked once in a request; the defaults where nothing was ever wished for."""
    if not hasattr(user, "_wishes"):
        user._wishes = user.settings.first() or Settings(user=user)
    return user._wishes
