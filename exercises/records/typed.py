"""What was sent and did not arrive is shown again: which of it a person typed, and what is never shown.

The error pages and the service worker go by the same rule.
"""

PIN, CARRIED = "lock_pin", "carried"  # the fields of the page that asks for the PIN; what it carries is sealed
SHORT = 40  # a value longer than this, or with a space in it, was typed by a person
ADDRESS = {"email", "login"}  # so was what these fields hold
SECRET = {"confirm-password", "oldpassword", "password", "password1", "pin", "pin_again", PIN}  # never shown again


def is_typed(name: str, value: str) -> bool:
    """Whether a person typed this value, so that it is shown to be read."""
    return name != CARRIED and (name in ADDRESS or len(value) > SHORT or " " in value.strip())
