"""What has been read, and where the reader was; and the text of the courses, cut into passages to search in."""

from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.db import models
from django.db.models import F, Q

from exercises.records.models import Record, hidden


class ModuleRead(Record):
    """One module as one person read it."""

    days = ()

    module = models.CharField(max_length=80)  # a module's slug
    section = models.CharField(max_length=80, blank=True)  # the heading last reached
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_related_name = "reads"
        indexes = [hidden("reads_hidden")]
        constraints = [
            models.UniqueConstraint(fields=["user", "module"], condition=Q(deleted_at=None), name="one_mark_a_module"),
        ]


class PassageQuerySet(models.QuerySet):
    def holding(self, query: SearchQuery) -> Self:
        """Those in which all that is asked for stands, what fits best first."""
        rank = SearchRank(F("vector"), query, normalization=1)  # a long passage weighs a little less
        return self.filter(vector=query).annotate(rank=rank).order_by("-rank", "course", "order")


class Passage(models.Model):
    """What stands below one heading of a course, in one language: for everybody to read, and nobody's own."""

    course = models.CharField(max_length=80)  # its name
    language = models.CharField(max_length=10)
    page = models.TextField()  # a module's slug, or that of a page beside the modules
    title = models.TextField()  # of the page
    section = models.TextField(blank=True)  # the heading's id on the page; '' before the first
    heading = models.TextField()
    text = models.TextField()  # a line for each paragraph
    vector = SearchVectorField()  # of the folded words; the heading weighs more
    order = models.PositiveIntegerField()  # within its course and language
    digest = models.CharField(max_length=64)  # of all passages of its course and language

    objects: ClassVar[Any] = PassageQuerySet.as_manager()

    class Meta:
        indexes = [GinIndex(fields=["vector"], name="passage_words")]
        constraints = [models.UniqueConstraint(fields=["language", "course", "order"], name="one_passage_a_place")]
