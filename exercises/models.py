"""Contents page 1: the whole schema. Nobody imports this but Django."""

from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts.models import Draft
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.progress.models import SelfCheck
from exercises.reactions.models import Reaction
from exercises.reading.models import ModuleRead, Passage
from exercises.records.models import DataKey, KeyringProof
from exercises.records.settings import Settings
from exercises.reminders.models import Device, Reminder
from exercises.sharing.models import Share, Summary

__all__ = [
    "Attempt",
    "DailyFeeling",
    "DataKey",
    "Device",
    "Dimmer",
    "Draft",
    "Evidence",
    "JournalEntry",
    "KeyringProof",
    "ModuleRead",
    "Passage",
    "Person",
    "Reaction",
    "Reminder",
    "SelfCheck",
    "Settings",
    "Share",
    "Summary",
]
