"""The site's settings with the linter of migrations: `make check` runs its command."""

from kwetsbaar.settings import *  # noqa: F403
from kwetsbaar.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
