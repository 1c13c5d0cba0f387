"""`manage.py send_reminders`: send the reminders that are due. Every minute, on any number of hosts; as the owner."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from exercises.reminders.outcomes import Outcome
from exercises.reminders.sending import send_due


class Command(BaseCommand):
    help = "Send the reminders that are due. Meant for every minute; any number of these may run at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=50, help="go on for so long while any are due (50)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = send_due(options["seconds"])
        except (OperationalError, InterfaceError):
            raise CommandError("The database is away; the next run goes on with the reminders.") from None
        if counts:
            self.stdout.write(", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
        if counts[Outcome.AWAY]:
            raise CommandError("The mail server is away; the reminders wait for the next run.")
