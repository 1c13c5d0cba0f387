from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False  # a site that runs goes on writing meanwhile

    dependencies = [
        ("exercises", "0006_found_at_size"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index(
                "user", F("done_on").desc(nulls_last=True), F("id").desc(), name="attempts_latest_first"
            ),
        ),
        AddIndexConcurrently(
            model_name="attempt",
            index=models.Index(fields=["user", "-id"], name="attempts_planned", condition=models.Q(("done", ""))),
        ),
    ]
