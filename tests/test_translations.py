"""Nobody meets a sentence in the wrong language."""

import re

import pytest
from babel.messages.catalog import Message

from tests.messages import extracted, in_catalogue

PLACEHOLDER = re.compile(r"%\((\w+)\)s|<(/?\w+)")


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_text_of_the_interface_has_its_dutch_and_nothing_is_left_over():
    wanted = {(message.context, message.id) for message in extracted() if message.id}
    known = {(message.context, message.id) for message in in_catalogue() if message.id and all(texts(message))}
    assert wanted - known == set()
    assert known - wanted == set()


@pytest.mark.parametrize("message", [message for message in in_catalogue() if message.id], ids=lambda m: str(m.id)[:40])
def test_a_translation_fills_in_what_the_text_fills_in(message):
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    wanted = {frozenset(PLACEHOLDER.findall(text)) for text in ids}
    assert {frozenset(PLACEHOLDER.findall(text)) for text in texts(message)} <= wanted


def test_dutch_says_je_and_never_u():
    for message in in_catalogue():
        for text in texts(message):
            assert not re.search(r"\b[Uu]w?\b", text), text
