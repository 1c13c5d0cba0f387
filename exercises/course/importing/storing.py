"""Drafts to a directory, all or nothing: a whole course is made beside the one that is there, and takes its place."""

import shutil
from pathlib import Path

from exercises.course.importing.blocks import CannotImport
from exercises.course.pages import Fault, Source

ABOUT = "course.yaml"


def store(place: Path, language: str, files: dict[str, str], about: str) -> None:
    """The course at `place` with these drafts; what else stands there stays. `about`: its course.yaml, if it has none.

    Raises OSError, or CannotImport for a draft that lacks more than what is left to fill in; then all is as it was.
    """
    place, new, old = _places(place)
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.copytree(place, new, symlinks=True)
        _write(new, language, files, about)
        _check(new / language, language, files)
        _swap(place, new, old)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def recover(place: Path) -> None:
    """After a crash: the old course back where the new one had not come yet, and what was half made away."""
    place, new, old = _places(place)
    if old.exists() and not place.exists():
        old.rename(place)
    for rest in (new, old):
        shutil.rmtree(rest, ignore_errors=True)


def _places(place: Path) -> tuple[Path, Path, Path]:
    """The course, and where its new and its old one stand meanwhile: names with a dot, which no site shows."""
    place = place.resolve()
    return place, place.with_name(f".{place.name}.new"), place.with_name(f".{place.name}.old")


def _write(new: Path, language: str, files: dict[str, str], about: str) -> None:
    (new / language).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (new / language / name).write_text(text, encoding="utf-8")
    if not (new / ABOUT).exists():
        (new / ABOUT).write_text(about, encoding="utf-8")


def _check(directory: Path, language: str, files: dict[str, str]) -> None:
    for fault in (fault for name in files for fault in Source(directory / name, language).faults):
        if not _is_left(fault):
            at = f"{fault.file.name}, line {fault.line}"
            raise CannotImport(f"Nothing was written, for a draft would be unsound: {at}: {fault.text}.")


def _is_left(fault: Fault) -> bool:
    return "left to fill in" in fault.text


def _swap(place: Path, new: Path, old: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
