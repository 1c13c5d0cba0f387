"""What gives a line away, in Dutch and English: heading, questions, key points, or what a web page left behind."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from exercises.course.importing.blocks import Article, Block, Left, left_out, plain, words

LONGEST_HEADING = 100  # characters
LONGEST_QUESTION = 200
LONGEST_LEFTOVER = 160
LONGEST_VERSE = 60
LEAST_VERSE = 3  # lines
LEAST_SUBTITLE = 8  # words
LEAST_PROSE = 25  # words: a paragraph of the text itself
CLOSED = ".!?…:;,"  # a heading ends in none of these

SHARE, COMMENTS, ALSO = "share buttons", "comments", "read also"
BYLINE, NEWSLETTER, CREDIT, NAVIGATION = "byline, date or reading time", "newsletter or advert", "credits", "navigation"
SIGNED = "a name, a place or a month below the article"


def _lines(*patterns: str) -> re.Pattern[str]:
    """Any of these, as a whole line."""
    return re.compile(rf"(?:{'|'.join(patterns)})", re.IGNORECASE)


NUMBER = r"(?:\d+|two|three|four|five|six|seven|eight|ten|twee|drie|vier|vijf|zes|zeven|acht|tien)"
FAQ = _lines(
    r"(?:the )?f\.?a\.?q\.?s?(?:\s*[:(–-].*)?\s*:?",
    r"[qv]\s?(?:&|and|en)\s?a(?:\s*[:(–-].*)?\s*:?",
    r"(?:de )?(?:veel ?gestelde|meest ?gestelde|veelvoorkomende) vragen\b[^.?!]*",
    r"(?:frequently asked|common|readers['’]|your) questions\b[^.?!]*",
    r"vragen (?:en|&) antwoorden\b[^.?!]*",
    r"questions (?:and|&) answers\b[^.?!]*",
    rf"{NUMBER} (?:\w+ )?(?:vragen|questions)\b[^.?!]*",
    r"(?:jullie |lezers)?vragen(?: van lezers)?\s*:?",
    r"questions(?: from readers)?\s*:?",
)
KEY_POINTS = _lines(
    rf"(?:de |the |{NUMBER} )*(?:kern|hoofd)punten\b[^.?!]*",
    rf"(?:de |the |{NUMBER} )*(?:key|main) (?:points?|takeaways?|ideas?|lessons?)\b[^.?!]*",
    r"(?:de kern )?in het kort\s*:?",
    r"(?:in short|at a glance|takeaways|the short version|in een oogopslag|samengevat|samenvatting|summary)\s*:?",
)
POINT = _lines(
    r"(?:kern|hoofd)?punt(?:en)?",
    r"belangrijk(?:e|ste)? punt(?:en)?",
    r"(?:key |main )?(?:point|takeaway|idea|lesson|insight)s?",
    r"(?:kern)?idee(?:ën)?",
    r"inzicht(?:en)?",
    r"(?:key|kern)",
)
QUESTION_LABEL = re.compile(
    r"(?:(?:vraag|question|[qv])\s*\d*\s*[:.)]|(?:vraag|question)\s+\d+\s*[–-])\s*", re.IGNORECASE
)
ANSWER_LABEL = re.compile(r"(?:antwoord|answer|[a])\s*\d*\s*[:)]\s*", re.IGNORECASE)
ITEM_NUMBER = re.compile(r"\d{1,2}[.)]\s+")

NETWORKS = {
    "bluesky",
    "facebook",
    "flipboard",
    "instagram",
    "linkedin",
    "mastodon",
    "messenger",
    "pinterest",
    "pocket",
} | {*("reddit", "telegram", "threads", "tiktok", "tumblr", "twitter", "whatsapp", "x", "youtube")}
VERBS = {"share", "shares", "deel", "delen", "tweet", "pin", "mail", "mailen", "email", "print", "printen", "afdrukken"}
AROUND = """
    a and app article artikel bewaar bewaren by copy de dit door e een en follow friends gedeeld het in je keer kopieer
    kopiëren like link met of ons op opslaan or page pagina per post save send sms story stuur the this times to url us
    verhaal via volg vrienden with your on
"""
LEFTOVERS = {
    COMMENTS: _lines(
        r"(?:\d+ |no |geen |nog geen )?(?:comments?|reacties?|reactions?|replies|reply|reageer|reageren)"
        r"\s*(?:\(\d+\)|:)?",
        r"(?:leave|post|write|add|join) (?:a|your|the) (?:comment|reply|reaction|response|conversation|discussion)\b.*",
        r"(?:geef|plaats|laat|schrijf) (?:een|je|jouw) (?:reactie|commentaar)\b.*",
        r"(?:log in|sign in|inloggen|log in of registreer)\b.*\b(?:comment|reply|reageren|reactie)\b.*",
        r"you must be logged in\b.*",
        r"je moet (?:ingelogd|inloggen)\b.*",
        r"your e-?mail address will not be published\b.*",
        r"(?:je|het|uw) e-?mailadres wordt niet (?:gepubliceerd|getoond)\b.*",
        r"(?:required fields are marked|vereiste velden zijn gemarkeerd|verplichte velden)\b.*",
        r"(?:save my name|mijn naam, e-?mail)\b.*",
        r"(?:be the first to|wees de eerste (?:die|om)|no comments yet|nog geen reacties|there are no comments)\b.*",
        r"(?:what do you think|wat vind jij|wat denk jij)\?.*\b(?:comment|below|reactie|hieronder)\b.*",
        r"(?:let us know|tell us|laat het (?:ons )?weten)\b.*\b(?:comments?|reacties?)\b.*",
        r"(?:reply|beantwoorden|antwoorden|report|meld|rapporteer)",
    ),
    ALSO: _lines(
        r"(?:read|see|watch|listen) (?:also|more|next|on)(?:\s*[:›>»–-].*|[^.?!:]*)",
        r"(?:also|further) read(?:ing)?(?:\s*[:›>»–-].*|[^.?!:]*)",
        r"(?:lees|bekijk|luister|kijk) (?:ook|meer|verder|hier)(?:\s*[:›>»–-].*|[^.?!:]*)",
        r"(?:related|gerelateerd)(?:e)?(?: articles?| posts?| stories| artikelen| berichten| verhalen)?\s*:?",
        r"(?:you (?:may|might) (?:also )?(?:like|enjoy)|more (?:like this|from|on|stories|articles))\b[^.?!]*",
        r"meer (?:lezen|over dit|van deze|artikelen|verhalen)\b[^.?!]*",
        r"(?:dit vind je misschien ook|misschien vind je dit ook|ook interessant|ook leuk|verder lezen)\b[^.?!]*",
        r"(?:recommended|aanbevolen|aanraders?)(?: for you| voor (?:jou|je))?\s*:?",
        r"(?:most read|meest gelezen|trending|popular(?: posts)?|populair)\s*:?",
        r"(?:next|previous|volgend|vorig)(?:e)? (?:article|post|story|artikel|bericht)\b[^.?!]*",
    ),
    NEWSLETTER: _lines(
        r"(?:advertisement|advertentie|sponsored(?: content)?|gesponsord|reclame|ad)\s*:?",
        r"(?:subscribe|sign up|schrijf je in|meld je aan|abonneer)\b.*\b(?:newsletter|nieuwsbrief|mail|inbox)\b.*",
        r"(?:get|ontvang)\b.*\b(?:newsletter|nieuwsbrief|inbox)\b.*",
        r"(?:newsletter|nieuwsbrief|subscribe|abonneren|word (?:nu )?(?:lid|abonnee))\s*:?",
        r"(?:we use|wij gebruiken|deze (?:web)?site gebruikt|this (?:web)?site uses) cookies\b.*",
        r"(?:accept|accepteer)(?: all| alle)? cookies",
    ),
    CREDIT: _lines(
        r"(?:photo|foto|image|beeld|illustration|illustratie|picture)(?:'s|s)?(?: credit| by| door)?\s*:.*",
        r"(?:©|\(c\)|copyright\b).*",
        r"(?:all rights reserved|alle rechten voorbehouden)\.?",
    ),
    NAVIGATION: _lines(
        r"(?:back to (?:the )?top|terug naar (?:boven|overzicht|home)|naar boven)",
        r"(?:skip to (?:main )?content|naar (?:de )?inhoud|ga naar (?:de )?inhoud)",
        r"(?:tags?|categor(?:y|ie|ies|ieën)|filed under|trefwoorden|labels?)\s*:.*",
        r"home\s*[›>»/|].*",
    ),
    BYLINE: _lines(
        r"(?:published|posted|(?:last )?updated|gepubliceerd|geplaatst|(?:laatst )?bijgewerkt)\b.*\d{4}.*",
        r"(?:reading time|leestijd)\s*:?.*\d.*",
        r"\d+ ?(?:min|minutes?|minuten|minuut)\.?(?: read| lezen| leestijd)?",
        r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? |(?:maan|dins|woens|donder|vrij|zater|zon)dag,? )?"
        r"(?:\d{1,2}[ -](?:[a-z]{3,9}|\d{1,2})[ -]\d{4}|[a-z]{3,9} \d{1,2}, \d{4}|\d{4}-\d{2}-\d{2})"
        r"(?:\s*[,|·•–-]\s*(?:\d+ ?min.*|\d{1,2}[:.]\d{2}.*|by .*|door .*))?",
    ),
}
SMALL = r"(?:van|de|der|den|ten|ter|te|von|di|da|la|el|'t|’t|en|and)"
NAMED = re.compile(
    r"(?:[Bb]y|[Dd]oor|[Tt]ekst|[Ww]ords|[Ww]ritten by|[Gg]eschreven door)\s*:?"
    rf"(?:\s+(?:{SMALL}|[A-ZÀ-Þ][\w'’.-]*)){{1,6}}(?:\s*[,|·•–-]\s*.*)?"
)


MONTH = (
    r"(?:januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|"
    r"january|february|march|may|june|july|august|october)"
)
NAME = rf"[A-ZÀ-Þ][\w'’.-]*(?:\s+(?:{SMALL}|[A-ZÀ-Þ][\w'’.-]*)){{1,4}}"
PLACE = rf"[A-ZÀ-Þ][\w'’-]*(?:\s+(?:{SMALL}|[A-ZÀ-Þ][\w'’-]*)){{0,3}}"
SIGNATURE = re.compile(rf"[—–-]?\s*(?:{NAME}(?:,\s+{PLACE})?|(?:{PLACE},?\s+)?(?:\d{{1,2}} )?(?i:{MONTH}) \d{{4}})")

ALSO_HERE = re.compile(r"(?:lees|bekijk|luister|kijk) ook\b|(?:read|see|watch|listen) also\b", re.IGNORECASE)


def like_heading(text: str) -> bool:
    """Plain text has no markup: up to 100 characters without final punctuation is a heading."""
    end = text.rstrip("\"'”’»)]* ")
    return len(text) <= LONGEST_HEADING and any(map(str.isalpha, text)) and bool(end) and end[-1] not in CLOSED


def like_signature(text: str) -> bool:
    """Someone's name, with or without a place, or a place and a month."""
    return len(text) <= LONGEST_VERSE and bool(SIGNATURE.fullmatch(text))


def ends_article(text: str) -> str:
    """What kind of line at the end of an article this is that is no part of it, or ''."""
    if len(text) <= LONGEST_LEFTOVER and ALSO_HERE.match(text):
        return ALSO
    return SIGNED if like_signature(text) else ""


def verses(lines: Sequence[str]) -> list[range]:
    """Where three or more short lines follow each other that end no sentence: a poem or a bare list, no headings."""
    found, start = list[range](), 0
    for n, line in enumerate([*lines, ""]):
        if not _is_verse(line):
            found += [range(start, n)] if n - start >= LEAST_VERSE else []
            start = n + 1
    return found


def _is_verse(line: str) -> bool:
    if not line or len(line) > LONGEST_VERSE or is_leftover(line) or like_signature(line) or NAMED.fullmatch(line):
        return False
    if starts_questions(line) or starts_key_points(line) or QUESTION_LABEL.match(line):
        return False
    return like_heading(line) or line[-1] in ",;" or line[0].islower()


def starts_questions(text: str) -> bool:
    return len(text) <= LONGEST_HEADING and bool(FAQ.fullmatch(text.strip()))


def may_start_questions(text: str) -> bool:
    """Enough where the questions below it are marked as such."""
    return len(text) <= LONGEST_HEADING and bool(re.search(r"\b(?:vragen|questions)\b", text, re.IGNORECASE))


def starts_key_points(text: str) -> bool:
    return len(text) <= LONGEST_HEADING and bool(KEY_POINTS.fullmatch(text.strip()))


def is_leftover(text: str) -> str:
    """What kind of leftover of a web page this line is, or ''."""
    text = text.strip()
    if len(text) > LONGEST_LEFTOVER:
        return ""
    if _shares(text):
        return SHARE
    return next((why for why, pattern in LEFTOVERS.items() if pattern.fullmatch(text)), "")


def _shares(text: str) -> bool:
    given = re.findall(r"[^\W\d_]+", text.lower())
    known = set(given) <= {*NETWORKS, *VERBS, *AROUND.split()}
    return bool(given) and known and bool(set(given) & (NETWORKS - {"x"}) or given[0] in VERBS)


class Sifted(NamedTuple):
    blocks: tuple[Block, ...]
    left: tuple[Left, ...]


def sift(article: Article) -> Sifted:
    """The blocks without what a web page left behind, and that with its reason."""
    blocks, kept, left = article.blocks, list[Block](), list(article.left)
    n, near_top = 0, True
    while n < len(blocks):
        block, after = blocks[n], blocks[n + 1] if n + 1 < len(blocks) else None
        n += 1
        why = _why(block, after, near_top)
        if why:
            along = _along(why, block, blocks[n:], kept)
            left += [left_out(why, plain(each)) for each in (block, *blocks[n : n + along])]
            n += along
        else:
            kept.append(block)
            near_top = near_top and words(plain(block)) <= LEAST_PROSE
    return Sifted(tuple(kept), tuple(left))


def _why(block: Block, after: Block | None, near_top: bool) -> str:
    if block.kind == "list":
        reasons = {_why(part, None, False) for item in block.children for part in item.children}
        return reasons.pop() if len(reasons) == 1 else ""
    if block.kind not in ("heading", "paragraph"):
        return ""
    text = plain(block)
    if near_top and len(text) <= LONGEST_HEADING and NAMED.fullmatch(text):
        return BYLINE
    why = is_leftover(text)
    if why in (SHARE, ALSO) and block.kind == "heading" and words(text) == 1 and after and _is_prose(after):
        return ""  # a chapter that happens to be called so
    return why


def _is_prose(block: Block) -> bool:
    return block.kind == "paragraph" and words(plain(block)) >= LEAST_PROSE


def _along(why: str, block: Block, rest: Sequence[Block], kept: Sequence[Block]) -> int:
    """How many of the blocks that follow belong to a leftover."""
    if why == COMMENTS and block.kind == "heading" and _ends_article(rest, kept):
        return len(rest)
    return _teasers(block, rest) if why == ALSO else 0


def _ends_article(rest: Sequence[Block], kept: Sequence[Block]) -> bool:
    """Readers' comments stand at the end; a chapter of that name would be followed by as much again."""
    after, before = (sum(words(plain(each)) for each in part) for part in (rest, kept))
    return after < before and not any(starts_questions(plain(each)) or starts_key_points(plain(each)) for each in rest)


def _teasers(block: Block, rest: Sequence[Block]) -> int:
    """Titles of other articles, and what stands below them where they are headings below this one."""
    count, below = 0, False
    for each, after in zip(rest, [*rest[1:], None], strict=False):
        if starts_questions(plain(each)) or starts_key_points(plain(each)):
            break
        if each.kind == "heading" and block.kind == "heading" and each.level > block.level:
            below = True
        elif not (below and each.kind != "heading") and not _is_teaser(each, after, first=count == 0):
            break
        count += 1
    return count


def _is_teaser(block: Block, after: Block | None, first: bool) -> bool:
    if block.kind == "list":
        return first and all(len(plain(item)) <= LONGEST_LEFTOVER for item in block.children)
    return _is_title(block) and (after is None or _is_title(after))


def _is_title(block: Block) -> bool:
    text = plain(block)
    titled = len(text) <= LONGEST_LEFTOVER and (like_heading(text) or text[-1:] in "?!")
    return block.kind == "heading" or (block.kind == "paragraph" and titled)
