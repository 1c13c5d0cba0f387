from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # a site that runs goes on writing meanwhile

    dependencies = [
        ("exercises", "0005_in_the_pocket"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="attempts_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="dailyfeeling",
            index=models.Index(fields=["user", "person"], name="feelings_of_person"),
        ),
        AddIndexConcurrently(
            model_name="dailyfeeling",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="feelings_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="dimmer",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="dimmers_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="draft",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="drafts_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="evidence_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="journalentry",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="entries_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="moduleread",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="reads_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="person",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="people_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["user", "deleted_at"],
                name="reminders_hidden",
            ),
        ),
        AddIndexConcurrently(
            model_name="selfcheck",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["user", "deleted_at"],
                name="self_checks_hidden",
            ),
        ),
        AddIndexConcurrently(
            model_name="settings",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="settings_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="share",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["user", "deleted_at"], name="shares_hidden"
            ),
        ),
        AddIndexConcurrently(
            model_name="summary",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["user", "deleted_at"],
                name="summaries_hidden",
            ),
        ),
    ]
