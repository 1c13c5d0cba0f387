"""Accounts: who someone is to this site."""

from django.apps import AppConfig
from django.utils.module_loading import import_string


class AccountsConfig(AppConfig):
    """Connects what happens at a sign-in, once the models are there (so by name, not by import)."""

    name = "kwetsbaar.accounts"

    def ready(self) -> None:
        import_string("kwetsbaar.accounts.reauthentication.signed_in")
