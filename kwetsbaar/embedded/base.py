"""Django's PostgreSQL back end on the private server; HOST names the directory of the cluster."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base, client

from kwetsbaar.embedded import server


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with the psql that fits the server."""

    executable_name = str(server.program("psql"))

    def runshell(self, parameters: Iterable[str]) -> None:
        self.connection.ensure_connection()
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Django asks before every new connection, so a server that died is started again."""
        if not self.settings_dict["HOST"]:
            raise ImproperlyConfigured("The embedded database needs HOST: the directory of its cluster.")
        home = server.use(self.settings_dict["HOST"])
        return super().get_connection_params() | {"host": str(home), "port": server.PORT}
