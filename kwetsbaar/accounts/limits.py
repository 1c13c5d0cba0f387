"""How often something was tried: a cache that all workers share, in the database.

It notes what is counted as a keyed hash, so that no address stands there; and values as JSON, so that none is code.
"""

import hmac
import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection
from django.utils import timezone

from kwetsbaar.accounts.models import Limit

PUT = (
    "INSERT INTO accounts_limit (key, value, until) VALUES (%s, %s, %s)"
    " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, until = EXCLUDED.until"
)
IF_OVER = " WHERE accounts_limit.until <= %s"
FOREVER = datetime.max.replace(tzinfo=UTC)


class Limits(BaseCache):
    """Django's cache interface, as far as it is used here. Each call is one statement, so that none is half done."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Keep `value` where nothing stands; whether it was kept."""
        with connection.cursor() as cursor:
            cursor.execute(PUT + IF_OVER, [*self._row(key, value, timeout, version), timezone.now()])
            return cursor.rowcount == 1

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(PUT, self._row(key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = Limit.objects.filter(key=self._hash(key, version), until__gt=timezone.now()).first()
        return json.loads(row.value) if row else default

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(Limit.objects.filter(key=self._hash(key, version)).delete()[0])

    def clear(self) -> None:
        Limit.objects.all().delete()

    def _row(self, key: str, value: Any, timeout: Any, version: int | None) -> list[Any]:
        until = self.get_backend_timeout(timeout)  # seconds since 1970, or None for ever
        ends = FOREVER if until is None else datetime.fromtimestamp(until, UTC)
        return [self._hash(key, version), json.dumps(value), ends]

    def _hash(self, key: str, version: int | None) -> str:
        return hmac.digest(settings.SECRET_KEY.encode(), self.make_key(key, version).encode(), "sha256").hex()
