"""The two secrets of a site: the keyring that seals what people write, and Django's signing key."""

import base64
import binascii
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

HOW = "python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
HOW_PUSH = HOW.replace("b64", "urlsafe_b64")


def given(environ: Mapping[str, str]) -> tuple[str, list[bytes]]:
    """Both secrets from the environment. Raises ImproperlyConfigured, saying how to make what is missing."""
    missing = [name for name in ("SECRET_KEY", "KWETSBAAR_KEYS") if not environ.get(name)]
    if missing:
        raise ImproperlyConfigured(f"Set {' and '.join(missing)}. Make a value for each with: {HOW}")
    return environ["SECRET_KEY"], keyring(environ["KWETSBAAR_KEYS"])


def given_or_made(environ: Mapping[str, str], directory: Path) -> tuple[str, list[bytes]]:
    """As `given`, but what is missing is kept in `directory`, and made there the first time."""
    secret = environ.get("SECRET_KEY") or _kept(directory / "secret_key")
    return secret, keyring(environ.get("KWETSBAAR_KEYS") or _kept(directory / "keyring"))


def place(environ: Mapping[str, str], directory: Path) -> str:
    """Where this site's keyring is kept, for whoever has to keep a copy of it."""
    return "KWETSBAAR_KEYS" if environ.get("KWETSBAAR_KEYS") else str(directory / "keyring")


def keyring(text: str) -> list[bytes]:
    """Keys of 32 bytes, newest first, from base64 separated by white space."""
    try:
        ring = [base64.b64decode(word, validate=True) for word in text.split()]
    except binascii.Error:
        ring = []
    if not ring or any(len(key) != 32 for key in ring):
        raise ImproperlyConfigured(f"KWETSBAAR_KEYS: keys of 32 bytes in base64. Make one with: {HOW}")
    return ring


def _kept(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f".{secrets.token_hex(8)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w") as new:
            new.write(base64.b64encode(os.urandom(32)).decode() + "\n")
            new.flush()
            os.fsync(new.fileno())
        try:
            os.link(fresh, file)  # whole or not at all, and the first of two commands wins
            print(
                f"Made {file}. Keep a copy elsewhere: without it nothing that was written can be read.", file=sys.stderr
            )
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text().strip()
