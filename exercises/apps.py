"""The product as one Django app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class ExercisesConfig(AppConfig):
    """Connects row security to the database, once the models are there (so by name, not by import)."""

    name = "exercises"

    def ready(self) -> None:
        post_migrate.connect(import_string("exercises.records.rowsecurity.protect_tables"), sender=self)
        post_migrate.connect(import_string("exercises.reading.index.index"), sender=self)
        connection_created.connect(import_string("exercises.records.rowsecurity.check_database"))
        import_string("exercises.records.forms.stored").connect(import_string("exercises.drafts.models.forget"))
        import_string("exercises.course.checks.check_courses")
