"""The product as one Django app."""

from collections.abc import Callable

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

TABLES = [  # by name, not by import: the models are not there yet
    "exercises.records.rowsecurity.protect_tables",
    "exercises.records.distribution.change_keys",
    "exercises.records.patience.limit",
]
ROWS = ["exercises.records.sealing.leave_proof", "exercises.reading.index.index"]


class ExercisesConfig(AppConfig):
    """Connects to the database what stands in it besides the models: row security, keys, and rows of our own."""

    name = "exercises"

    def ready(self) -> None:
        for made in TABLES:
            post_migrate.connect(_where_tables_changed(import_string(made)), sender=self, weak=False)
        for filled in ROWS:
            post_migrate.connect(import_string(filled), sender=self)
        connection_created.connect(import_string("exercises.records.rowsecurity.check_database"))
        import_string("exercises.records.forms.stored").connect(import_string("exercises.drafts.models.forget"))
        import_string("exercises.course.checks.check_courses")


def _where_tables_changed(make: Callable[..., None]) -> Callable[..., None]:
    """After `migrate`, which tells its plan; not after `flush`, which only empties tables."""
    return lambda plan=None, **kwargs: None if plan is None else make(**kwargs)
