"""Accounts: who someone is to this site."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "kwetsbaar.accounts"
