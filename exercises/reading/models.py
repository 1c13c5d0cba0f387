"""What has been read, and where the reader was."""

from django.db import models
from django.db.models import Q

from exercises.records.models import Record


class ModuleRead(Record):
    """One module as one person read it."""

    days = ()

    module = models.CharField(max_length=80)  # a module's slug
    section = models.CharField(max_length=80, blank=True)  # the heading last reached
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_related_name = "reads"
        constraints = [
            models.UniqueConstraint(fields=["user", "module"], condition=Q(deleted_at=None), name="one_mark_a_module"),
        ]
