"""Sessions of our own: with person and device on each, sealed, by a fingerprint of the key. Whoever is in stays in."""

from uuid import UUID

import django.db.models.deletion
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models

import kwetsbaar.accounts.models

NOBODY = UUID(int=0)
TAKE_OVER = """
INSERT INTO accounts_session (session_key, session_data, expire_date, device, used_on)
SELECT left(encode(sha256(session_key::bytea), 'hex'), 40), session_data, expire_date, '', current_date - 1
FROM django_session;
DELETE FROM django_session;
"""


def note_whose(apps, schema_editor):
    """From now on a session can be ended by the person whose it is, also one that has not been used since."""
    alias = schema_editor.connection.alias
    people = set(apps.get_model("accounts", "User").objects.using(alias).values_list("pk", flat=True))
    for row in apps.get_model("accounts", "Session").objects.using(alias).all():
        user_id = UUID(SessionStore().decode(row.session_data).get("_auth_user_id") or str(NOBODY))
        if user_id in people:
            row.user_id = user_id
            row.save(update_fields=["user"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_first_records"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("device", models.CharField(blank=True, max_length=40)),
                ("used_on", models.DateField(default=kwetsbaar.accounts.models.today_utc)),
            ],
            options={"verbose_name": "session", "verbose_name_plural": "sessions", "abstract": False},
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
        migrations.RunPython(note_whose, migrations.RunPython.noop),
        migrations.DeleteModel(name="Throttle"),
        migrations.CreateModel(
            name="Limit",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("until", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
