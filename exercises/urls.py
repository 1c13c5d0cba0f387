"""Contents page 2: every address, feature by feature. All of it stands under /nl/ and /en/."""

from datetime import date

from django.urls import path, register_converter

from exercises.dimmer import looking_back
from exercises.dimmer import not_kept as dimmer_not_kept
from exercises.dimmer import views as dimmer
from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts import views as drafts
from exercises.drafts.models import Draft
from exercises.evidence import views as evidence
from exercises.evidence.models import Evidence
from exercises.feeling import views as feeling
from exercises.feeling.models import DailyFeeling
from exercises.journal import put_down
from exercises.journal import views as journal
from exercises.journal.models import JournalEntry
from exercises.offline import kept
from exercises.offline import views as offline
from exercises.people import views as people
from exercises.people.models import Person
from exercises.privacy import lock
from exercises.privacy import views as privacy
from exercises.progress import enough, predictions, self_check
from exercises.progress import views as progress
from exercises.progress.models import SelfCheck
from exercises.reactions import views as reactions
from exercises.reading import search
from exercises.reading import views as reading
from exercises.records.views import discard, restore
from exercises.reminders import calendar, devices
from exercises.reminders import views as reminders
from exercises.reminders.models import Reminder
from exercises.safety import views as safety
from exercises.sharing import summary
from exercises.sharing import views as sharing
from exercises.sharing.models import Share, Summary
from exercises.today import views as today


class Day:
    """A day of the calendar in an address, as YYYY-MM-DD."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(Day, "day")

# fmt: off
urlpatterns = [
    # today
    path("today/", today.today, name="today"),
    # reading
    path("read/", reading.course, name="read"),
    path("read/key-points/", reading.key_points, name="key_points"),
    path("read/questions/", reading.questions, name="questions"),
    path("read/what-we-know/", reading.what_we_know, name="what_we_know"),
    path("read/search/", search.search, name="search"),
    path("read/booklet/", reading.booklet, name="booklet"),
    path("read/course/<slug:name>/", reading.one_course, name="course"),
    path("read/<slug:slug>/", reading.module, name="module"),
    path("read/<slug:slug>/margin/<int:number>/", reading.margin, name="margin"),
    path("read/<slug:slug>/reactions/", reactions.reactions, name="reactions"),
    path("read/<slug:slug>/reactions/new/", reactions.new, name="reaction_new"),
    path("reactions/<uuid:id>/withdraw/", reactions.withdraw, name="reaction_withdraw"),
    path("reactions/<uuid:id>/report/", reactions.report, name="reaction_report"),
    path("read/<slug:slug>/mark/", reading.mark, name="mark"),
    # dimmer
    path("exercises/<slug:slug>/", dimmer.exercise, name="exercise"),
    path("dimmer/", dimmer.dimmers, name="dimmers"),
    path("dimmer/new/", dimmer.new, name="dimmer_new"),
    path("dimmer/not-kept/", dimmer_not_kept.not_kept, name="not_kept"),
    path("dimmer/start-with/", dimmer.start_with, name="start_with"),
    path("dimmer/how-advice-works/", dimmer.how_advice_works, name="how_advice_works"),
    path("dimmer/<uuid:id>/", dimmer.dimmer, name="dimmer"),
    path("dimmer/<uuid:id>/attempt/", dimmer.plan, name="plan"),
    path("dimmer/<uuid:id>/not-today/", dimmer.not_today, name="not_today"),
    path("dimmer/<uuid:id>/delete/", discard, {"model": Dimmer, "back": "dimmers", "undo": "dimmer_undo"}, name="dimmer_delete"),
    path("dimmer/<uuid:id>/undo/", restore, {"model": Dimmer, "back": "dimmers"}, name="dimmer_undo"),
    path("attempts/<uuid:id>/", dimmer.attempt, name="attempt"),
    path("attempts/<uuid:id>/stay/", dimmer.stay, name="stay"),
    path("attempts/<uuid:id>/after/", dimmer.after, name="after"),
    path("attempts/<uuid:id>/look-back/", looking_back.look_back, name="look_back"),
    path("attempts/not-safe/", dimmer.not_safe, name="not_safe"),
    path("attempts/<uuid:id>/delete/", dimmer.delete_attempt, name="attempt_delete"),
    path("attempts/<uuid:id>/undo/", restore, {"model": Attempt, "back": "dimmers"}, name="attempt_undo"),
    # feeling
    path("feeling/", feeling.feeling, name="feeling"),
    path("feeling/<day:day>/", feeling.feeling, name="feeling_day"),
    path("feeling/<uuid:id>/delete/", discard, {"model": DailyFeeling, "back": "today", "undo": "feeling_undo"}, name="feeling_delete"),
    path("feeling/<uuid:id>/undo/", restore, {"model": DailyFeeling, "back": "today"}, name="feeling_undo"),
    # journal
    path("journal/", journal.journal, name="journal"),
    path("journal/new/", journal.new, name="entry_new"),
    path("journal/put-down/", put_down.put_down, name="put_down"),
    path("journal/<uuid:id>/", journal.entry, name="entry"),
    path("journal/<uuid:id>/delete/", discard, {"model": JournalEntry, "back": "journal", "undo": "entry_undo"}, name="entry_delete"),
    path("journal/<uuid:id>/undo/", restore, {"model": JournalEntry, "back": "journal"}, name="entry_undo"),
    # evidence
    path("evidence/", evidence.timeline, name="evidence"),
    path("evidence/new/", evidence.new, name="evidence_new"),
    path("evidence/card/", evidence.card, name="card"),
    path("evidence/<uuid:id>/", evidence.item, name="evidence_item"),
    path("evidence/<uuid:id>/delete/", discard, {"model": Evidence, "back": "evidence", "undo": "evidence_undo"}, name="evidence_delete"),
    path("evidence/<uuid:id>/undo/", restore, {"model": Evidence, "back": "evidence"}, name="evidence_undo"),
    # progress
    path("progress/", progress.progress, name="progress"),
    path("progress/predictions/", predictions.predictions, name="predictions"),
    path("progress/self-check/", self_check.self_check, name="self_check"),
    path("progress/self-check/<uuid:id>/delete/", discard, {"model": SelfCheck, "back": "self_check", "undo": "self_check_undo"}, name="self_check_delete"),
    path("progress/self-check/<uuid:id>/undo/", restore, {"model": SelfCheck, "back": "self_check"}, name="self_check_undo"),
    path("progress/enough/", enough.enough, name="enough"),
    # sharing; what whoever has the link sees stands outside the languages
    path("summary/", summary.summary, name="summary"),
    path("summary/<uuid:id>/delete/", discard, {"model": Summary, "back": "summary", "undo": "summary_undo"}, name="summary_delete"),
    path("summary/<uuid:id>/undo/", restore, {"model": Summary, "back": "summary"}, name="summary_undo"),
    path("share/", sharing.shares, name="shares"),
    path("share/new/", sharing.new, name="share_new"),
    path("share/<uuid:id>/", sharing.share, name="share"),
    path("share/<uuid:id>/delete/", discard, {"model": Share, "back": "shares", "undo": "share_undo"}, name="share_delete"),
    path("share/<uuid:id>/undo/", restore, {"model": Share, "back": "shares"}, name="share_undo"),
    # people
    path("people/", people.people, name="people"),
    path("people/new/", people.new, name="person_new"),
    path("people/<uuid:id>/", people.person, name="person"),
    path("people/<uuid:id>/trust/", people.trust, name="trust"),
    path("people/<uuid:id>/trust/remove/", people.trust_remove, name="trust_remove"),
    path("people/<uuid:id>/delete/", people.delete, name="person_delete"),
    path("people/<uuid:id>/undo/", restore, {"model": Person, "back": "people"}, name="person_undo"),
    # privacy
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/settings/", privacy.settings, name="settings"),
    path("privacy/export/", privacy.export, name="export"),
    path("privacy/import/", privacy.bring_back, name="import"),
    path("privacy/lock/", lock.lock, name="lock"),
    path("privacy/device/", kept.device, name="device"),
    path("privacy/reminders/", reminders.reminders, name="reminders"),
    path("privacy/reminders/calendar/", calendar.renew, name="calendar_renew"),
    path("privacy/reminders/device/", devices.device, name="device_store"),
    path("privacy/delete/", privacy.delete, name="privacy_delete"),
    path("privacy/delete/year/", privacy.delete_year, name="year_delete"),
    path("privacy/delete/year/undo/", privacy.restore_year, name="year_undo"),
    # reminders; the link in a mail that ends them stands outside the languages
    path("reminders/<uuid:id>/delete/", discard, {"model": Reminder, "back": "reminders", "undo": "reminder_undo"}, name="reminder_delete"),
    path("reminders/<uuid:id>/undo/", restore, {"model": Reminder, "back": "reminders"}, name="reminder_undo"),
    # drafts
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/<uuid:id>/delete/", drafts.throw_away, name="draft_delete"),
    path("drafts/<uuid:id>/undo/", restore, {"model": Draft, "back": "drafts"}, name="draft_undo"),
    # offline
    path("offline/", offline.offline, name="offline"),
    path("offline/feeling/", kept.feeling, name="offline_feeling"),
    path("offline/kept/", kept.kept, name="kept"),
    path("offline/send/", kept.send, name="kept_send"),
    # safety
    path("help/", safety.help_now, name="help"),
    path("safe-use/", safety.safe_use, name="safe_use"),
    path("about/", safety.about, name="about"),
    path("privacy-statement/", safety.privacy_statement, name="privacy_statement"),
    path("accessibility/", safety.accessibility, name="accessibility"),
]
