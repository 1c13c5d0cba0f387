"""How fast keys are rotated: `python -m benchmarks.keys` makes 100,000 people's keys and puts them under a new one."""

import os
import tempfile
import time

PEOPLE = 100_000
AT_ONCE = 10_000


def main() -> None:
    """Print seconds for making, rotating, checking, and rotating again with nothing left to do."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", database="owner", verbosity=0)
        timed(f"making {PEOPLE:,} people", make)
        settings.SEALING_KEYS = [os.urandom(32), *settings.SEALING_KEYS]
        timed("rotating", lambda: call_command("rotate_keys"))
        settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
        timed("checking with the newest key alone", lambda: call_command("rotate_keys", check=True))
        timed("rotating again", lambda: call_command("rotate_keys"))
        connections.close_all()


def make() -> None:
    """People without words, and a key for each."""
    from django.contrib.auth import get_user_model

    from exercises.records.models import DataKey, uuid7
    from exercises.records.sealing import about_key, wrap

    User = get_user_model()
    for _ in range(PEOPLE // AT_ONCE):
        ids = [uuid7() for _ in range(AT_ONCE)]
        User.objects.using("owner").bulk_create(User(id=id, username=str(id)) for id in ids)
        DataKey.objects.using("owner").bulk_create(
            DataKey(user_id=id, wrapped=wrap(os.urandom(32), about_key(id))) for id in ids
        )


def timed(what: str, do: object) -> None:
    """Do it, and print how long it took."""
    began = time.perf_counter()
    do()
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
