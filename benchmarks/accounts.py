"""Whether time tells if an address is known: `make` first, then `python -m benchmarks.accounts`.

Median milliseconds of a request, for an address with an account and for one without; password hashing as in production.
Spread: between the first and the third quarter.
"""

import os
import statistics
import tempfile
import time

ROUNDS = 60
KNOWN, UNKNOWN = "known@example.org", "other@example.org"
TRIES = {
    "wrong password": ("login/", {"password": "not the right one"}, "login"),
    "send me a code": ("login/code/", {}, "email"),
    "forgotten password": ("password/reset/", {}, "email"),
}


def main() -> None:
    """Print one line for each form that takes an address."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from django.core.management import call_command
        from django.test.utils import override_settings

        call_command("migrate", database="owner", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        mail = "django.core.mail.backends.dummy.EmailBackend"
        with override_settings(ACCOUNT_RATE_LIMITS=False, EMAIL_BACKEND=mail):
            prepare()
            print(f"{'':<20}{'known':>8}{'unknown':>9}{'difference':>12}{'spread':>8}   (ms)")
            for name in TRIES:
                print(line(name), flush=True)


def prepare() -> None:
    """Someone with a confirmed address and a password."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    people = get_user_model().objects
    user = people.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=timezone.now())
    user.set_password("a long enough one")
    user.save()
    EmailAddress.objects.create(user=user, email=KNOWN, verified=True, primary=True)


def line(name: str) -> str:
    """One row of the table; the two addresses take turns, so that both meet the same weather."""
    times: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for _round in range(ROUNDS):
        for address, spent in times.items():
            spent.append(once(name, address))
    known, unknown = (statistics.median(spent) for spent in times.values())
    first, _middle, third = statistics.quantiles(times[UNKNOWN], n=4)
    return f"{name:<20}{known:>8.1f}{unknown:>9.1f}{known - unknown:>12.1f}{third - first:>8.1f}"


def once(name: str, address: str) -> float:
    """Milliseconds of one such request by a new visitor."""
    from django.test import Client

    path, fields, field = TRIES[name]
    client = Client(headers={"host": "127.0.0.1"})
    began = time.perf_counter()
    client.post(f"/nl/account/{path}", fields | {field: address})
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
