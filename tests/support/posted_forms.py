"""Makes subjects and threads in the many forms that people post series in, and says what each one is.

What is right is known from the parts that a thread is made of, and never read out of its subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.support.mails import DIFF, raw

WITH_PATCH = ("PATCH", "patch", "PATCH net-next", "RFC PATCH", "PATCH RFC", "PATCH 6.12", "PATCH mm-unstable", "Patch")
WITHOUT = ("RFC", "net-next", "GIT PULL", "pull request", "RFC net", "iwl-next", "RFT")
VERSIONS = ("v{}", "V{}", "V {}", "v {}", "ver {}", "version {}", "v.{}")
COUNTERS = ("{0}/{1}", "{0:02}/{1:02}", "{0} of {1}", "{0:02} of {1:02}", "#{0}/{1}", "({0}/{1})", "{0} / {1}")
SEPARATORS = (" ", ",", ", ", ";", "; ")
LIST_TAGS = ("", "[linux-mm] ", "[Intel-wired-lan] ", "[f2fs-dev] ")
TITLES = ("mm: keep {}", "net: ice: do not ask for {}", "[media] uvc: one {} less", "selftests: v2 of {} and 3/4 of it")


@dataclass(frozen=True)
class Form:
    """How subjects are written.

    Args:
        words: tags other than version and counter.
        version: of VERSIONS.
        counter: of COUNTERS.
        order: of words, version and counter, as in `wvc`; `|` begins another bracket.
        separator: between tags in one bracket.
        list_tag: in front.
    """

    words: str
    version: str
    counter: str
    order: str
    separator: str
    list_tag: str

    def subject(self, version: int, number: int, total: int, title: str, point: int = 0) -> str:
        """A subject; version 1 is not named, and `total` 0 leaves the counter out."""
        revision = f"{version}.{point}" if point else str(version)
        texts = {
            "w": self.words,
            "v": self.version.format(revision) if version > 1 or point else "",
            "c": self.counter.format(number, total) if total else "",
        }
        brackets = []
        for bracket in self.order.strip("~").split("|"):
            tags = [texts[letter] for letter in bracket if texts[letter]]
            brackets += [self.separator.join(tags)] if tags else []
        blank = "" if self.order.endswith("~") else " "
        return f"{self.list_tag}{blank.join(f'[{tags}]' for tags in brackets)} {title}"


def drawn(chance: Random) -> Form:
    """A form by chance."""
    return Form(
        chance.choice(WITH_PATCH + WITHOUT),
        chance.choice(VERSIONS),
        chance.choice(COUNTERS),
        chance.choice(("wvc", "wcv", "vwc", "wv|c", "w|v|c", "w|vc", "wc|v", "w|v|c~", "wv|c~", "w|c|v")),
        chance.choice(SEPARATORS),
        chance.choice(LIST_TAGS),
    )


GLUED = (
    "[{w}v{v} {n}/{t}] {title}",
    "[{w}-v{v} {n}/{t}] {title}",
    "[{w}_v{v}_{n}/{t}] {title}",
    "[{w}v{v},{n}/{t}] {title}",
    "[{w} v{v} {n}/{t}]{title}",
    "[{w} v{v} {n}/{t}]: {title}",
    "[[{w} v{v}] {n}/{t}] {title}",
    "[{w} [net-next] v{v} {n}/{t}] {title}",
    "[{w} v{v}] {n}/{t}: {title}",
    "[{w} v{v}] ({n}/{t}) {title}",
    "[{w} v{v}] #{n}/{t} {title}",
    "[{w} v{v}] {n} of {t}: {title}",
    "[{w}][v{v}][{n}/{t}] {title}",
    "[{w} {n}/{t} v{v}] {title}",
    "[{w} -v{v} {n}/{t}] {title}",
    "[{w}: v{v}: {n}/{t}] {title}",
)
"""Forms for words that end in PATCH."""
GLUED_WORDS = ("PATCH", "patch", "RFC PATCH", "RFC/PATCH", "net-next PATCH")


@dataclass(frozen=True)
class Case:
    """A thread and what is right about it.

    Args:
        name: for the test's output.
        mails: of the thread.
        names: message-ids of the patches that are taken, in order; empty where it is refused.
        version: of the series.
        says: words of a note, or of the refusal.
        about: a message-id that is named; empty for the whole mailbox.
    """

    name: str
    mails: tuple[bytes, ...]
    names: tuple[str, ...]
    version: int
    says: str = ""
    about: str = ""


class Poster:
    """Writes mails of one author, one a second.

    Args:
        form: of subjects.
        chance: for titles.
        author: of the mails.
    """

    def __init__(self, form: Form, chance: Random) -> None:
        self.form = form
        self.clock = 0
        self._mark = chance.randrange(10**8)
        self.title = chance.choice(TITLES)

    def mail(
        self, number: int, total: int, version: int, parent: str = "", *, point: int = 0, subject: str = "", **more: str
    ) -> tuple[str, bytes]:
        """Message-ID and mail of a patch (0: a cover letter).

        Args:
            more: `body`, `author`, `title`; what is not given is made.
        """
        self.clock += 1
        name = f"{self._mark}-{self.clock}"
        title = more.get("title") or self.title.format("all of it" if number == 0 else f"page {number}")
        body = more.get("body") or ("Hello.\n" if number == 0 else DIFF.replace("util", f"page{number}"))
        headers = {
            "date": f"Tue, 14 Nov 2023 {self.clock // 3600:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02} +0000"
        }
        headers |= {"in_reply_to": f"<{parent}>", "references": f"<{parent}>"} if parent else {}
        line = subject or self.form.subject(version, number, total, title, point)
        text = raw(line, body, name, **headers)
        author = more.get("author", "Devi Loper <devi@example.org>")
        return f"{name}@example.org", text.replace(b"A U Thor <author@example.org>", author.encode())

    def series(
        self, total: int, version: int, parent: str = "", *, cover: bool = True, chain: bool = False, point: int = 0
    ) -> tuple[list[str], list[bytes]]:
        """Message-IDs and mails, the cover letter first."""
        names, mails = list[str](), list[bytes]()
        for number in range(0 if cover else 1, total + 1):
            above = parent if not names else names[-1] if chain else names[0]
            name, mail = self.mail(number, total, version, above, point=point)
            names.append(name)
            mails.append(mail)
        return names, mails


def copy_of(mail: bytes, tag: str, list_id: str) -> bytes:
    """What a list delivers that puts a tag into the subject and a footer below the text."""
    tagged = mail.replace(b"Subject: ", f"List-Id: <{list_id}>\nSubject: [{tag}] ".encode(), 1)
    return tagged + f"_______________________________________________\n{tag} mailing list\n{tag}@{list_id}\n".encode()


def whole(form: Form, chance: Random) -> Case:
    total, version = chance.randrange(2, 6), chance.randrange(1, 12)
    cover, chain = chance.random() < 0.7, chance.random() < 0.3
    names, mails = Poster(form, chance).series(total, version, cover=cover, chain=chain)
    chance.shuffle(mails)
    return Case("whole", tuple(mails), tuple(names[1:] if cover else names), version)


def version_in_cover(form: Form, chance: Random) -> Case:
    """Only the cover letter names the version."""
    total, version = chance.randrange(2, 6), chance.randrange(2, 12)
    poster = Poster(form, chance)
    first, cover = poster.mail(0, total, version)
    names, mails = [first], [cover]
    chain = chance.random() < 0.5
    for number in range(1, total + 1):
        name, mail = poster.mail(number, total, 1, names[-1] if chain else first)
        names.append(name)
        mails.append(mail)
    return Case("version in the cover letter", tuple(mails), tuple(names[1:]), version)


def answers_a_lone_patch(form: Form, chance: Random) -> Case:
    """A complete series answers a lone patch without a number; the mailbox is named."""
    total, version = chance.randrange(2, 5), chance.randrange(2, 5)
    poster = Poster(form, chance)
    root, lone = poster.mail(1, 0, 1, subject="[PATCH] mm: all at once")
    names, mails = poster.series(total, version, root)
    others = [poster.mail(1, 0, 1, root, subject=f"[PATCH] mm: part {at}")[1] for at in range(chance.randrange(3))]
    return Case(
        "below a lone patch", (lone, *others, *mails), tuple(names[1:]), version, "the thread has the single patch"
    )


def lone_patch_named(form: Form, chance: Random) -> Case:
    """The same thread, and the lone patch is what was named."""
    case = answers_a_lone_patch(form, chance)
    root = case.mails[0].split(b"<", 1)[1].split(b">", 1)[0].decode()
    return replace(case, name="a lone patch named", names=(root,), version=1, says="in the thread", about=root)


def copies(form: Form, chance: Random) -> Case:
    """Each mail twice or three times, lists' tags and footers in all but one."""
    case = whole(replace(form, list_tag=""), chance)
    lists = ("linux-mm.lists.example.org", "other.lists.example.net")
    mails = list(case.mails)
    for at in range(chance.randrange(1, 3)):
        mails += [copy_of(mail, ("linux-mm", "other")[at], lists[at]) for mail in case.mails]
    if chance.random() < 0.5:
        chance.shuffle(mails)
    return replace(case, name="copies", mails=tuple(mails))


def chained_rerolls(form: Form, chance: Random) -> Case:
    """A patch is rerolled again and again, each time as an answer to the one before."""
    total, version, which = chance.randrange(2, 5), chance.randrange(1, 4), 0
    poster = Poster(form, chance)
    names, mails = poster.series(total, version)
    which = chance.randrange(1, total + 1)
    last = version + chance.randrange(1, 4)
    for newer in range(version + 1, last + 1):
        names[which], mail = poster.mail(which, total, newer, names[which])
        mails.append(mail)
    return Case("chained rerolls", tuple(mails), tuple(names[1:]), last, "replaces some patches only")


def point_reroll(form: Form, chance: Random) -> Case:
    """A patch of v2 is replaced by v2.1, in answer to it or to its cover letter."""
    total, version = chance.randrange(2, 5), chance.randrange(2, 9)
    poster = Poster(form, chance)
    names, mails = poster.series(total, version)
    which = chance.randrange(1, total + 1)
    parent = names[which] if chance.random() < 0.5 else names[0]
    names[which], mail = poster.mail(which, total, version, parent, point=chance.randrange(1, 4))
    return Case("v2.1", (*mails, mail), tuple(names[1:]), version, "replaces some patches only")


def lone_reroll(form: Form, chance: Random) -> Case:
    """A patch is replaced by one without a counter, which answers it."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 4)
    poster = Poster(replace(form, words="PATCH"), chance)
    names, mails = poster.series(total, version)
    which = chance.randrange(1, total + 1)
    title = poster.title.format(f"page {which}")
    names[which], mail = poster.mail(1, 0, version + 1, names[which], title=title)
    return Case("a lone reroll", (*mails, mail), tuple(names[1:]), version + 1, "replaces some patches only")


def sent_twice(form: Form, chance: Random) -> Case:
    """The same revision twice, with nothing that says so."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 6)
    cover, chain = chance.random() < 0.6, chance.random() < 0.4
    poster = Poster(form, chance)
    _, earlier = poster.series(total, version, cover=cover, chain=chain)
    names, mails = poster.series(total, version, cover=cover, chain=chain)
    together = [*earlier, *mails]
    chance.shuffle(together)
    wanted = tuple(names[1:] if cover else names)
    return Case("sent twice", tuple(together), wanted, version, "was posted twice")


def beyond_the_total(form: Form, chance: Random) -> Case:
    """One patch more than the subjects count."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 5)
    poster = Poster(form, chance)
    names, mails = poster.series(total, version)
    name, mail = poster.mail(total + 1, total, version, names[0])
    says = f"patch {total + 1} of {total} was posted"
    return Case("beyond the total", (*mails, mail), (*names[1:], name), version, says)


def one_of_one(form: Form, chance: Random) -> Case:
    """A cover letter of one patch, which has no number."""
    version = chance.randrange(1, 5)
    poster = Poster(replace(form, words="PATCH"), chance)
    first, cover = poster.mail(0, 1, version)
    name, mail = poster.mail(1, 0, version if chance.random() < 0.5 else 1, first)
    return Case("a lone patch below 0/1", (cover, mail), (name,), version)


def without_numbers(form: Form, chance: Random) -> Case:
    """A cover letter that counts patches which have no numbers."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 5)
    poster = Poster(replace(form, words="PATCH"), chance)
    first, cover = poster.mail(0, total, version)
    placed = [poster.mail(1, 0, version, first, title=f"mm: part {at}") for at in range(total)]
    mails = [cover, *(mail for _, mail in placed)]
    chance.shuffle(mails)
    return Case("without numbers", tuple(mails), tuple(name for name, _ in placed), version, "have no numbers")


def empty_patch(form: Form, chance: Random) -> Case:
    """One patch has no diff."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 5)
    poster = Poster(form, chance)
    names, mails = poster.series(total, version)
    which = chance.randrange(1, total + 1)
    poster.clock = which
    _, mails[which] = poster.mail(which, total, version, names[0], body="Nothing to change.\n")
    return Case("an empty patch", tuple(mails), (), version, f"patch {which}/{total}, ")


def diff_in_cover(form: Form, chance: Random) -> Case:
    """The cover letter has a diff, too."""
    total, version = chance.randrange(1, 4), chance.randrange(1, 5)
    poster = Poster(form, chance)
    first, cover = poster.mail(0, total, version, body=f"In short:\n{DIFF}")
    placed = [poster.mail(number, total, version, first) for number in range(1, total + 1)]
    names = tuple(name for name, _ in placed)
    return Case("a diff in 0/1", (cover, *(mail for _, mail in placed)), names, version, "the cover letter has a diff")


def another_within(form: Form, chance: Random) -> Case:
    """Somebody else answers with a series and with a lone patch."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 5)
    names, mails = Poster(form, chance).series(total, version)
    other = Poster(drawn(chance), chance)
    author = "Tally Page <tally@example.org>"
    below, cover = other.mail(0, 2, version, names[1], title="mm: a better way", author=author)
    rest = [other.mail(at, 2, version, below, title=f"mm: better {at}", author=author)[1] for at in (1, 2)]
    fix = other.mail(1, 0, 9, names[2], subject="[PATCH v9] mm: try this", author=author)[1]
    wanted = tuple(names[1:])
    return Case("another series within", (*mails, cover, *rest, fix), wanted, version, "another series", names[0])


def two_at_once(form: Form, chance: Random) -> Case:
    """Two series of one author, alike in all but their titles; the one that was sent first is taken."""
    total, version = chance.randrange(2, 5), chance.randrange(1, 5)
    poster = Poster(form, chance)
    poster.title = "mm: first, {}"
    names, mails = poster.series(total, version)
    poster.title = "net: second, {}"
    _, others = poster.series(total, version)
    together = [*mails, *others]
    chance.shuffle(together)
    wanted = tuple(names[1:])
    return Case("two at once", tuple(together), wanted, version, "another series in the thread was left out: 'net: ")


def another_version_in_cover(form: Form, chance: Random) -> Case:
    """The cover letter says v4 and the patches v3, by mistake."""
    total, version = chance.randrange(1, 5), chance.randrange(2, 9)
    poster = Poster(form, chance)
    first, cover = poster.mail(0, total, version + 1)
    placed = [poster.mail(number, total, version, first) for number in range(1, total + 1)]
    names = tuple(name for name, _ in placed)
    says = f"the cover letter calls itself v{version + 1}, and its patches v{version}"
    return Case("another version in 0/n", (cover, *(mail for _, mail in placed)), names, version, says)


KINDS: Sequence[Callable[[Form, Random], Case]] = (
    whole,
    version_in_cover,
    answers_a_lone_patch,
    lone_patch_named,
    copies,
    chained_rerolls,
    point_reroll,
    lone_reroll,
    sent_twice,
    beyond_the_total,
    one_of_one,
    without_numbers,
    empty_patch,
    diff_in_cover,
    another_within,
    two_at_once,
    another_version_in_cover,
)


def cases(kind: Callable[[Form, Random], Case], count: int, seed: int = 1) -> Iterator[Case]:
    """Threads of one kind in forms drawn by chance, the same each time."""
    chance = Random(f"{kind.__name__} {seed}")
    for _ in range(count):
        yield kind(drawn(chance), chance)
