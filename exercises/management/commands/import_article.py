"""`manage.py import_article FILE --language nl`: an article to a course of Markdown drafts. Needs no database."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exercises.course.importing import storing, writing
from exercises.course.importing.blocks import CannotImport, Left, words_of
from exercises.course.importing.reading import read
from exercises.course.importing.shaping import Shape, shape
from exercises.course.pages import CONTENT

SHOWN = 60  # characters of what was left out


class Command(BaseCommand):
    help = "Turns an article (.txt, .md, .html or .docx) into a course of Markdown drafts, for an author to finish."
    requires_system_checks: list[str] = []  # it works where there is no database, and no sound course yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--language", required=True, choices=[code for code, _name in settings.LANGUAGES])
        parser.add_argument("--course", metavar="NAME", help="the directory's name; from the title if not given")
        parser.add_argument("--into", metavar="DIRECTORY", default=".", help="where it is made; here")
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be made")
        parser.add_argument("--force", action="store_true", help="write over drafts that are there")

    def handle(self, *args: Any, file: str, language: str, dry_run: bool, force: bool, **options: Any) -> None:
        try:
            shaped = shape(read(Path(file)))
            place = Path(options["into"]) / _name(options["course"], shaped, Path(file))
            if not dry_run:
                storing.recover(place)
            files = writing.drafts(shaped, language, _taken(place), _twins(place, language))
            self.tell(shaped, language, place, list(files))
            if not dry_run:
                self.write(place, language, files, shaped.title, force)
        except CannotImport as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{place} cannot be written: {error.strerror}. All is as it was.") from None

    def tell(self, shaped: Shape, language: str, place: Path, names: list[str]) -> None:
        """Each module's heading as written, its words and minutes; what became pages; what was left out."""
        say = self.stdout.write
        say(f"{place} ({language}): {shaped.title or 'an article without a title'}")
        for name, section in zip(names, shaped.sections, strict=False):
            count, minutes = words_of(section.blocks), writing.minutes(section.blocks, language)
            say(f"  {section.heading or '(before the first heading)'} · {count} words, {minutes} min · {name}")
        if shaped.points:
            say(f"  {shaped.points.heading or '(a table)'} · {len(shaped.points.rows)} key points · key-points.md")
        if shaped.questions:
            say(f"  {shaped.questions.heading} · {len(shaped.questions.asked)} questions · questions.md")
        self.tell_left(shaped.left)

    def tell_left(self, left: tuple[Left, ...]) -> None:
        by_reason = defaultdict[str, list[Left]](list)
        for each in left:
            by_reason[each.why].append(each)
        self.stdout.write(f"Left out: {sum(each.words for each in left)} words" if left else "Nothing was left out.")
        for why, those in by_reason.items():
            self.stdout.write(f"  {why} ({sum(each.words for each in those)} words)")
            for each in those:
                self.stdout.write(f"    {each.text if len(each.text) <= SHOWN else each.text[:SHOWN] + '…'}")

    def write(self, place: Path, language: str, files: dict[str, str], title: str, force: bool) -> None:
        """All or, where a file is in the way, nothing. course.yaml is never written over: an author filled it in."""
        there = [place / language / name for name in files if (place / language / name).exists()]
        if there and not force:
            raise CommandError(f"Nothing was written, for {there[0]} is there already: --force writes over it.")
        about = place / storing.ABOUT
        had_one = about.exists()
        storing.store(place, language, files, writing.course_yaml(title, language))
        if had_one:
            self.stdout.write(f"{about} stays as it is: see that its languages name {language}.")
        for other in sorted({file.name for file in (place / language).glob("*.md")} - files.keys()):
            self.stdout.write(f"{place / language / other} was there, and is not of this article.")
        self.stdout.write(
            f"{len(files)} drafts in {place / language}. Fill in what says TODO; `check` names each line."
        )


def _name(given: str | None, shaped: Shape, file: Path) -> str:
    name = writing.slug_of(given or shaped.title or file.stem) or "course"
    if given and name != given:
        raise CannotImport(f"--course {given}: only small letters and hyphens, such as {name}.")
    return name


def _taken(place: Path) -> set[str]:
    """Slugs of modules that other courses have: of the site's own and of those beside this one."""
    modules = "[0-9][0-9]-*.md"
    beside = (file for file in place.parent.glob(f"*/*/{modules}") if place not in file.parents)
    return {file.stem.partition("-")[2] for file in (*CONTENT.glob(f"*/{modules}"), *beside)}


def _twins(place: Path, language: str) -> list[str]:
    """The names of the modules in another language of this course: a translation has the same."""
    others = [code for code, _name in settings.LANGUAGES if code != language]
    found = (sorted(file.name for file in (place / code).glob("[0-9][0-9]-*.md")) for code in others)
    return next(filter(None, found), [])
