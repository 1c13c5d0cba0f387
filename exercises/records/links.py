"""The tokens of links that open without signing in: made from ids whenever they are needed, and stored nowhere.

A token is AES-SIV (RFC 5297) of two ids under a key that comes from SECRET_KEY, another one for each purpose. So a copy
of the database opens no link, and no token can be made up: 128 bits of it say whether it is ours.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

UNSEEN = {  # headers: nothing on the way keeps such a page, finds it, or learns where someone came from
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
TOKEN = re.compile(r"[A-Za-z0-9_-]{64}", re.ASCII)  # 16 bytes of proof and two ids of 16, in base64


def token_of(purpose: str, user_id: UUID, id: UUID) -> str:
    """64 signs that fit an address; always the same for the same ids and purpose."""
    return urlsafe_b64encode(_cipher(purpose).encrypt(user_id.bytes + id.bytes, None)).decode()


def opened(purpose: str, token: str) -> tuple[UUID, UUID] | None:
    """The ids of the person and the thing that a token of ours names; None for any other text or purpose."""
    if not TOKEN.fullmatch(token):
        return None
    try:
        ids = _cipher(purpose).decrypt(urlsafe_b64decode(token), None)
    except InvalidTag:
        return None
    return UUID(bytes=ids[:16]), UUID(bytes=ids[16:])


def _cipher(purpose: str) -> AESSIV:
    derived = HKDF(SHA256(), length=64, salt=None, info=purpose.encode())
    return AESSIV(derived.derive(settings.SECRET_KEY.encode()))
