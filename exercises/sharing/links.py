"""The token of a link: made from the share whenever it is needed, and stored nowhere, not even hashed.

It is AES-SIV (RFC 5297) of whose share it is and which, under a key of its own that comes from SECRET_KEY. So a copy of
the database opens no link, and no token can be made up: 128 bits of it say whether it is ours.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from exercises.sharing.models import Share

PURPOSE = b"exercises.sharing.links"
TOKEN = re.compile(r"[A-Za-z0-9_-]{64}", re.ASCII)  # 16 bytes of proof and two ids of 16, in base64


def token_of(share: Share) -> str:
    """64 signs that fit an address; always the same for the same share."""
    return urlsafe_b64encode(_cipher().encrypt(share.user_id.bytes + share.pk.bytes, None)).decode()


def opened(token: str) -> tuple[UUID, UUID] | None:
    """The ids of the person and the share that a token of ours names; None for any other text."""
    if not TOKEN.fullmatch(token):
        return None
    try:
        ids = _cipher().decrypt(urlsafe_b64decode(token), None)
    except InvalidTag:
        return None
    return UUID(bytes=ids[:16]), UUID(bytes=ids[16:])


def _cipher() -> AESSIV:
    derived = HKDF(SHA256(), length=64, salt=None, info=PURPOSE)
    return AESSIV(derived.derive(settings.SECRET_KEY.encode()))
