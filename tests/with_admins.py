"""The site's settings with someone whom Django would mail errors to."""

from kwetsbaar.settings import *  # noqa: F403

ADMINS = [("Someone", "admin@example.org")]
