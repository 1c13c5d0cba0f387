"""What people write is stored sealed: AES-256-GCM under the person's own key, which the site's keyring seals.

keyring (settings.SEALING_KEYS, newest first) → DataKey.wrapped → every sealed field of that person. Table, column,
person and row go in as authenticated data, so that bytes moved elsewhere do not open (NIST SP 800-38D).
"""

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from exercises.records.fields import Lines
from exercises.records.models import DataKey, KeyringProof

VERSION = b"\x01"
NONCE = 12  # bytes
PROOF, ABOUT_PROOF = b"this keyring opens this database", b"proof"


class CannotUnseal(Exception):
    """Wrong or missing key, or bytes that were changed or moved. The bytes themselves are never handed back."""


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """`plain` under `key`, bound to `about`: version (1 byte), nonce (12), ciphertext and tag."""
    nonce = os.urandom(NONCE)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """The plain bytes. Raises CannotUnseal."""
    if sealed[:1] != VERSION:
        raise CannotUnseal("unknown format")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], about)
    except (InvalidTag, ValueError):
        raise CannotUnseal(about.decode("ascii", "replace")) from None


def wrap(plain: bytes, about: bytes) -> bytes:
    """Sealed under the newest key of the keyring."""
    return seal(settings.SEALING_KEYS[0], plain, about)


def unwrap(sealed: bytes, about: bytes) -> bytes:
    """Opened by whichever key of the keyring fits. Raises CannotUnseal."""
    for key in settings.SEALING_KEYS:
        try:
            return unseal(key, sealed, about)
        except CannotUnseal:
            continue
    raise CannotUnseal(f"no key of the keyring opens {about.decode()}")


def rewrapped(sealed: bytes, about: bytes) -> bytes | None:
    """The same under the newest key; None where that key opens it already. Raises CannotUnseal."""
    try:
        unseal(settings.SEALING_KEYS[0], sealed, about)
    except CannotUnseal:
        return wrap(unwrap(sealed, about), about)
    return None


_keys: ContextVar[dict[UUID, bytes] | None] = ContextVar("keys", default=None)


@contextmanager
def keys_kept() -> Iterator[None]:
    """Keep opened keys for the length of this block (a request), and no longer."""
    token = _keys.set({})
    try:
        yield
    finally:
        _keys.reset(token)


def about_key(user_id: UUID) -> bytes:
    """What a person's wrapped key is bound to."""
    return b"data key|%s" % str(user_id).encode()


def key_of(user_id: UUID, *, make: bool = True) -> bytes:
    """The person's own key; made the first time it is needed to write. Raises CannotUnseal."""
    kept = _keys.get()
    if kept is not None and user_id in kept:
        return kept[user_id]
    about = about_key(user_id)
    row, made = DataKey.objects.filter(user_id=user_id).first(), False
    if row is None and make:
        fresh = {"wrapped": lambda: wrap(os.urandom(32), about)}
        row, made = DataKey.objects.get_or_create(user_id=user_id, defaults=fresh)
    if row is None:
        raise CannotUnseal(f"there is no {about.decode()}")
    key = unwrap(bytes(row.wrapped), about)
    if kept is not None and not made:  # a new one may yet be rolled back
        kept[user_id] = key
    return key


def leave_proof(using: str, **kwargs: object) -> None:
    """Seal the constant that `check_keyring` opens; once, by the owner, after the first migrate."""
    KeyringProof.objects.using(using).get_or_create(defaults={"sealed": lambda: wrap(PROOF, ABOUT_PROOF)})


def check_keyring(connection: BaseDatabaseWrapper) -> None:
    """Raises ImproperlyConfigured where the keyring is not the one this database was sealed with."""
    proof = KeyringProof.objects.using(connection.alias).first()
    if proof and not proves(bytes(proof.sealed)):
        raise ImproperlyConfigured("KWETSBAAR_KEYS does not open this database: give the keys that it was made with.")


def proves(sealed: bytes) -> bool:
    """Whether this proof was sealed by a key of the keyring."""
    try:
        return unwrap(sealed, ABOUT_PROOF) == PROOF
    except CannotUnseal:
        return False


class Sealed(bytes):
    """Bytes as they stand in the database, not yet opened; shows nothing of itself."""

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__


class SealedTextField(models.TextField):
    """Text in Python, sealed bytes in the database; opened on first use. Empty text is stored as NULL.

    Needs a primary key that is set before saving and `user_id` on its model. Cannot be filtered on or updated in bulk.
    """

    read: Callable[[str], Any] = staticmethod(str)
    write: Callable[[Any], str] = staticmethod(str)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"null": True, "blank": True, "default": kwargs.get("default", "")}
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            setattr(cls, self.attname, self)

    def __get__(self, row: Any, cls: type | None = None) -> Any:
        if row is None:
            return self
        if self.attname not in row.__dict__:  # deferred
            row.refresh_from_db(fields=[self.attname])
        value = row.__dict__[self.attname]
        if isinstance(value, Sealed):
            value = row.__dict__[self.attname] = self.opened(row, value)
        elif value is None:
            value = row.__dict__[self.attname] = self.get_default()
        return value

    def __set__(self, row: Any, value: Any) -> None:
        row.__dict__[self.attname] = value

    def opened(self, row: Any, value: Sealed) -> Any:
        """What this says; of the row only `user_id` and `pk` have to be known. Raises CannotUnseal."""
        about = self._about(row)
        text = unseal(key_of(row.user_id, make=False), value, about)
        try:
            return self.read(text.decode())
        except ValueError:  # its message would quote the text
            raise CannotUnseal(about.decode()) from None

    def _about(self, row: Any) -> bytes:
        return f"{self.model._meta.db_table}.{self.column}|{row.user_id}|{row.pk}".encode()

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, row: Any, add: bool) -> Sealed | None:
        value = row.__dict__[self.attname]
        if isinstance(value, Sealed):
            return value
        return Sealed(seal(key_of(row.user_id), self.write(value).encode(), self._about(row))) if value else None

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": Lines} | kwargs)

    def get_prep_value(self, value: Any) -> bytes | None:
        if isinstance(value, Sealed):
            return bytes(value)
        if value:
            raise TypeError(f"{self.name} is sealed: save the row; it cannot be filtered on or updated in bulk")
        return None  # empty: what a migration gives to the rows that are there already

    def value_to_string(self, row: Any) -> str:
        raise TypeError("sealed text is not serialized")


class SealedJSONField(SealedTextField):
    """A list or dict of plain values, sealed as a whole. `default` is `list` or `dict`.

    `ids_of`: the kinds of record whose ids it lists, as text; a download and what brings it back see to these.
    """

    read = staticmethod(json.loads)
    write = staticmethod(json.dumps)

    def __init__(
        self, *args: Any, default: Callable[[], Any] = list, ids_of: Collection[type[models.Model]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, default=default, **kwargs)
        self.ids_of = ids_of  # no matter of the database, so not of a migration

    def to_python(self, value: Any) -> Any:
        return value
