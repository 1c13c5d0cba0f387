"""When the next reminder is due, on the clock of the person; pure."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo

TWO_WEEKS = 15  # days to look at: a week, and one more where the first of them is out


def next_due(
    weekdays: Collection[int], hour: int, zone: tzinfo, after: datetime, not_on: date | None = None
) -> datetime | None:
    """The first moment after `after` that is `hour` o'clock on one of these weekdays (0 is Monday) in `zone`; in UTC.

    Never on the day `not_on`: one was sent on it already. An hour that the clock skips is an hour later, one that comes
    twice is the first. None without weekdays.
    """
    first = after.astimezone(zone).date()
    for day in (first + timedelta(days=n) for n in range(TWO_WEEKS)):
        moment = datetime.combine(day, time(hour), zone).astimezone(UTC)
        if day.weekday() in weekdays and day != not_on and moment > after:
            return moment
    return None
