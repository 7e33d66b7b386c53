"""From a thread to a series: chooses a posting, has b4 put the series together, and compares the two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.fetch import trailers
from pipeline.fetch.b4 import B4, Assembled, NoSeriesError
from pipeline.fetch.ready import plain, ready, remarks
from pipeline.fetch.renumbered import readable_replies, renumbered
from pipeline.mail import copies, diff, message, thread
from pipeline.mail.attachments import split_attachments
from pipeline.mail.body import diff_in
from pipeline.mail.choice import Choice, choose
from pipeline.mail.limits import HEADER_LIMIT
from pipeline.mail.message import Mail
from pipeline.mail.packed import unpacked_size
from pipeline.mail.people import behind, in_body_author
from pipeline.mail.posting import Posting
from pipeline.model import Patch, Prerequisite, Series, UncollectedTrailer
from pipeline.system import untrusted
from pipeline.system.errors import NotObtainedError
from pipeline.system.git import Repository
from pipeline.system.untrusted import Budget, TooMuchError

_BASE_COMMIT = re.compile(r"^base-commit: ([0-9a-f]{12,40})\b", re.MULTILINE)
_PREREQUISITE = re.compile(
    r"^prerequisite-(?P<kind>patch-id|change-id|message-id): +<?(?P<value>[^\s<>]+)>?", re.MULTILINE
)
_DEPENDS_ON = re.compile(
    r"^Depends-on: (?:.*[\s<>/])?(?P<value>[^\s<>/@]+@[^\s<>/@]+)>?/?$", re.MULTILINE | re.IGNORECASE
)


def from_thread(raw: Sequence[bytes], message_id: str, asked: int | None, b4: B4, *, online: bool) -> Series:
    """The series in a thread.

    Args:
        raw: the mails.
        message_id: that was named, or empty.
        asked: the revision that was asked for.
        online: domain keys may be looked up.

    Raises:
        NotObtainedError: it is not there, incomplete, or b4 put something else together.
    """
    whole, refused = message.parse_all(raw)
    different = copies.ids_of_different_mails(whole)
    split = split_attachments(copies.distinct(whole), message_id)
    mails = thread.with_bare_patches(split.mails)
    try:
        choice = choose(thread.postings(mails), mails, message_id, asked)
    except NotObtainedError as error:
        for named, reason in split.refused.items():
            if message_id in ("", named):
                raise reason from error
        raise NotObtainedError("; ".join((error.message, *refused[:2])), hint=error.hint) from error
    posting = choice.posting
    if reasons := [reason for named, reason in split.refused.items() if named in posting.ids]:
        raise reasons[0]
    if without_id := [mail for mail in posting.patches if not mail.message_id]:
        raise NotObtainedError(
            f"patch {without_id[0].number} has no Message-ID, so replies cannot be told apart",
            hint="For files made by git format-patch, name their folder.",
        )
    if different & posting.ids:
        raise NotObtainedError(
            f"several mails have the Message-ID {min(different & posting.ids)}, and they are not the same",
            hint="Which one was posted? Save the series alone, with each mail once, to an mbox and name that.",
        )
    # b4 0.16 goes round in such a circle until its time is over.
    circle = thread.in_circles(mails)
    if circle & posting.ids:
        raise NotObtainedError(f"In-Reply-To of {min(circle & posting.ids)} leads in a circle")
    # With a diff in a mail without Re:, b4 replaces the patch that it answers.
    hidden = circle.union(split.refused)
    for_b4 = [mail for mail in _for_b4(choice, mails) if mail.message_id not in hidden]
    how_read = [(mail.number, remark) for mail in posting.patches for remark in remarks(mail)]
    truthful = [plain(mail) for mail in for_b4]
    made = _put_together(choice, truthful, b4)
    signatures = made.signatures
    signed = any(b"\ndkim-signature:" in mail.raw[:HEADER_LIMIT].lower() for mail in posting.patches)
    rewritten = any(new.raw is not old.raw for new, old in zip(truthful, for_b4, strict=True))
    if not made.notes and ((online and signed) or rewritten):
        # A signature holds for the bytes that came.
        signatures = b4.signatures(posting.patches, posting.version, online=online and signed)
    assembled = [message.parse(mail) for mail in made.mails]
    answered = trailers.answers(mails)
    patches = tuple(
        patch_of(
            number, mail, trailers.collected(mail, made_of_it, answered), signatures[number - 1] if signatures else ()
        )
        for number, (mail, made_of_it) in enumerate(zip(posting.patches, assembled, strict=True), 1)
    )
    others = [mail for mail in mails if mail.message_id not in posting.ids]
    left_out = trailers.uncollected(posting, choice.revisions, mails, patches, made.mismatches)
    series = series_of(choice, patches, others, left_out)
    in_doubt = trailers.doubtful(others, patches)[:10]
    circular = [f"trailers of {len(circle)} replies are not collected: they answer each other"] if circle else []
    attached = [note for named, note in split.notes.items() if named in posting.ids]
    left_out_mails = [f"left out: {reason}" for reason in refused[:10]]
    twice = [
        f"several mails have the Message-ID {named_twice}, and they are not the same"
        for named_twice in sorted(different)[:10]
    ]
    read = [f"patch {number}: {remark}" for number, remark in how_read[:10]]
    notes = (*series.notes, *made.notes, *read, *attached, *left_out_mails, *in_doubt, *circular, *twice)
    return replace(series, notes=notes)


def _put_together(choice: Choice, mails: Sequence[Mail], b4: B4) -> Assembled:
    """The posting as b4 makes it of the thread; else of the posting alone, numbered as it was read here.

    Args:
        mails: what b4 may see of the thread.

    Raises:
        NotObtainedError: b4 makes something else of it in either case.
    """
    posting = choice.posting
    try:
        assembled = b4.assemble(mails, posting.first, posting.version)
        difference = _difference(assembled, posting)
    except NoSeriesError as error:
        difference = error.message
    if not difference:
        return assembled
    alone = renumbered(posting)
    replies = [mail for mail in readable_replies(mails, posting) if mail.number is None]
    assembled = b4.assemble([*map(plain, alone.mails), *replies], posting.first, posting.version)
    if still_different := _difference(assembled, posting):
        raise NotObtainedError(
            f"{still_different}, also when it was given these mails alone",
            hint="Report this with the mailbox. Until it is fixed, git am takes the patches as they were posted.",
        )
    signatures = "; signatures were not looked at" if alone.signed else ""
    count = len(posting.patches)
    note = (
        f"b4 made something else of the thread ({difference}), and was given the {count} patch(es) of {posting.name}"
        f" alone, numbered 1 to {count}{signatures}"
    )
    return replace(assembled, signatures=(), notes=(note,))


def from_patch_files(mails: Sequence[Mail], asked: int | None) -> Series:
    """The series in files of git-format-patch(1), or in a mail that has them attached: nothing for b4 to collect.

    Raises:
        NotObtainedError: it is not there, or incomplete.
    """
    split = split_attachments(mails, "")
    for reason in split.refused.values():
        raise reason
    files = thread.with_bare_patches(split.mails)
    choice = choose(thread.postings(files, in_a_folder=True), files, "", asked)
    read = [f"patch {mail.number}: {remark}" for mail in choice.posting.patches for remark in remarks(mail)][:10]
    patches = tuple(patch_of(number, mail) for number, mail in enumerate(choice.posting.patches, 1))
    series = series_of(choice, patches, [], ())
    return replace(series, notes=(*series.notes, *read, *split.notes.values()))


def _for_b4(choice: Choice, mails: Sequence[Mail]) -> list[Mail]:
    """The series, older revisions of it (their trailers may still hold) and replies.

    Everything else is kept from b4, which would prefer it or mix it in: other series, a second posting of the same
    revision, newer ones. So is what the series as a whole answers: without a cover letter b4 takes that for one.
    """
    posting = choice.posting
    older: dict[int, Posting] = {}
    for revision in choice.revisions:
        if (
            revision.revision < posting.revision
            and revision.version < posting.version
            and not revision.problems
            and not revision.taken
        ):
            older[revision.version] = revision
    shown = posting.ids.union(*(earlier.ids for earlier in older.values()))
    by_id = {mail.message_id: mail for mail in mails}
    above: set[str] = set()
    at = by_id.get(posting.first.in_reply_to)
    while at is not None and at.message_id not in above:
        above.add(at.message_id)
        at = by_id.get(at.in_reply_to)
    seen = set[str]()
    kept = []
    for mail in mails:
        wanted = mail.message_id in shown or (mail.number is None and mail.message_id not in above)
        if wanted and mail.message_id not in seen:
            kept.append(mail)
            seen.add(mail.message_id)
    return kept


def _difference(made: Assembled, posting: Posting) -> str:
    """The difference between b4's result and the posting, each of its mails once; empty where there is none."""
    assembled = [message.parse(mail) for mail in made.mails]
    wanted = [mail.message_id for mail in posting.patches]
    got = [mail.message_id for mail in assembled]
    if got == wanted:
        return ""
    unexpected = [mail.title for mail in assembled if mail.message_id not in wanted]
    missing = [f"{mail.number}/{posting.total}" for mail in posting.patches if mail.message_id not in got]
    words = [f"without {', '.join(missing)}"] if missing else []
    words += [f"with {unexpected[0]!r}, which is not in it"] if unexpected else []
    return (
        f"b4 put together {len(assembled)} patch(es), not the {len(wanted)} of {posting.name} in the thread"
        f" ({', '.join(words) or 'in another order'})"
    )


def series_of(
    choice: Choice, patches: tuple[Patch, ...], replies: Sequence[Mail], left_out: tuple[UncollectedTrailer, ...]
) -> Series:
    """The values of a posting, and what its mails say of base and prerequisites."""
    posting = choice.posting
    text = "\n".join(mail.letter.body for mail in posting.mails)
    base = _BASE_COMMIT.search(text)
    first = posting.first.letter
    return Series(
        title=posting.first.title,
        version=posting.version,
        message_id=posting.first.message_id,
        cover=replace(first, sender=behind(first.sender, [patch.author for patch in patches])),
        patches=patches,
        base_commit=base[1] if base else "",
        change_id=posting.change_id,
        prerequisites=prerequisites_in(text),
        replies=tuple(mail.letter for mail in replies),
        other_versions=tuple(sorted({revision.version for revision in choice.revisions} - {posting.version})),
        uncollected_trailers=left_out,
        notes=choice.notes,
        instead=choice.instead,
    )


def prerequisites_in(text: str) -> tuple[Prerequisite, ...]:
    """Prerequisites that a series names, each once, in its order (git-format-patch(1), b4 prep)."""
    prerequisites: dict[Prerequisite, None] = {}
    for match in _PREREQUISITE.finditer(text):
        value, _, version = (
            match["value"].rpartition(":v") if match["kind"] == "change-id" else (match["value"], "", "")
        )
        number = int(version) if value and version.isdigit() and len(version) < 4 else None
        prerequisites[Prerequisite(match["kind"], value if number is not None else match["value"], number)] = None
    for match in _DEPENDS_ON.finditer(text):
        prerequisites[Prerequisite("message-id", match["value"])] = None
    return tuple(prerequisites)


def patch_of(number: int, mail: Mail, collected: tuple[str, ...] = (), signatures: tuple[str, ...] = ()) -> Patch:
    """A patch of a series.

    Args:
        mail: as it was posted.
        collected: trailers of replies.
        signatures: what b4 says of them.
    """
    return Patch(
        number=number,
        subject=mail.title,
        author=in_body_author(mail.letter.body) or mail.letter.sender,
        message_id=mail.message_id,
        mail=ready(mail, collected),
        files=mail.files,
        collected_trailers=collected,
        signatures=signatures,
        letter=mail.letter,
    )


def require_whole(patches: Sequence[Patch], git: Repository) -> None:
    """Refuses a patch that lost lines on its way, which git-apply(1) tells without looking at any tree.

    Raises:
        NotObtainedError: a diff ends before its hunk header says so, or a file of the diffstat is missing; or there is
            much more in its patches than one sees.
    """
    packed = Budget(untrusted.PACKED_IN_PATCHES)
    for patch in patches:
        body = message.parse(patch.mail).letter.body
        text = diff.diff_of(body)
        if not text:
            continue
        try:
            packed.spend(unpacked_size(diff_in(patch.mail)))
        except TooMuchError as too_much:
            words = f"patch {patch.number}/{len(patches)} is too large: {too_much.message}"
            raise NotObtainedError(words, hint="No series does that by mistake: look at it.") from too_much
        status, _, error = git.run("apply", "--numstat", "-", stdin=text.encode())
        damage = error.strip().splitlines()[0].removeprefix("error: ") if status else diff.cut_off(body)
        if damage:
            raise NotObtainedError(
                f"patch {patch.number}/{len(patches)} is damaged: {damage}",
                hint="Was it cut off or rewrapped on its way? Fetch or save it again.",
            )
