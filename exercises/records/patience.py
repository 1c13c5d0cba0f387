"""How long the app's role may wait in the database, so that a lock or a slow query never holds up all of a site.

It stands with the role in the database. As options of a connection it would not pass through pgbouncer, and as a SET
it would stay with whichever connection of a pool it met. The owner, who migrates and purges, may take its time.
"""

import sys

from django.db import ProgrammingError, connections, transaction

LIMITS = {
    "statement_timeout": "15s",  # the slowest page takes a tenth of a second
    "lock_timeout": "5s",  # while a migration has a table, a page says that it is away, and does not hang
    "idle_in_transaction_session_timeout": "60s",  # a process that froze lets go of what it has locked
}


def limit(using: str, **kwargs: object) -> None:
    """After every migrate, as the owner; from the next connection on."""
    name = connections[using].ops.quote_name
    app, database = (
        name(connections[alias].settings_dict[key]) for alias, key in (("default", "USER"), (using, "NAME"))
    )
    set_them = "".join(
        f"ALTER ROLE {app} IN DATABASE {database} SET {what} = '{long}';" for what, long in LIMITS.items()
    )
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(set_them)
    except ProgrammingError:  # only who made the role, or a superuser, may
        print(f"The owner may not set how long {app} waits. As a superuser: {set_them}", file=sys.stderr)
