"""How one person likes it: one row each, made when the first wish is kept."""

from django.db import models

from exercises.records.models import Record
from exercises.records.sealing import SealedJSONField


class Settings(Record):
    """One person's wishes; `person.settings` holds at most one."""

    start_with = SealedJSONField(default=dict)  # answers to the three small questions: with, situation, minutes

    class Meta:
        default_related_name = "settings"
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(deleted_at=None), name="one_settings_each")
        ]
