"""Draws threads from mail archives at random and counts how many complete series come out of `pipeline fetch` exactly.

FOLDER holds archives as public-inbox keeps them (`git clone --mirror https://…/INBOX/0`): bare repositories in which
each commit is one message, in a file `m`. Of each archive a stretch of messages is read; threads are drawn from all.

A series is complete by a reading that is made otherwise than the product's: mails without Re: of one author within a
thread, sent within hours, whose first tags count to the same total, each number once. It is asked for by its first
message, and where the thread has no other, also by the whole mailbox. Mails and b4 are real; nothing is fetched.

    python benchmarks/archives.py FOLDER [--threads N] [--seed N] [--stretch N]
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import mktime_tz, parseaddr, parsedate_tz
from pathlib import Path

from pipeline.fetch.assembly import from_thread
from pipeline.fetch.b4 import B4
from pipeline.system.errors import PipelineError
from pipeline.system.process import Processes
from pipeline.system.watched import Allowance
from pipeline.system.workspace import Workspace

HOURS = 6
"""Within which the mails of a series are sent."""


@dataclass(frozen=True)
class Post:
    """A message, read with as little as the comparison needs."""

    raw: bytes
    name: str
    parents: tuple[str, ...]
    author: str
    subject: str
    moment: float
    diff: bool


@dataclass(frozen=True)
class Expected:
    """A series as the other reading has it.

    Args:
        archive: where it was drawn from.
        thread: all messages.
        names: message-ids of the patches, in order.
        first: of the cover letter, or patch 1.
        alone: no other series and no lone patch is in the thread.
    """

    archive: str
    thread: tuple[Post, ...]
    names: tuple[str, ...]
    first: str
    version: int
    title: str
    alone: bool


def repositories(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("**/HEAD") if (path.parent / "objects").is_dir())


def messages(repository: Path, stretch: int, chance: random.Random) -> list[bytes]:
    """Messages of an archive that follow each other, from a place drawn at random."""
    git = ["git", f"--git-dir={repository}"]
    count = int(subprocess.run([*git, "rev-list", "--count", "HEAD"], capture_output=True, check=True).stdout)
    skip = chance.randrange(max(1, count - stretch))
    listed = subprocess.run(
        [*git, "rev-list", f"--skip={skip}", f"--max-count={stretch}", "HEAD"], capture_output=True, check=True
    ).stdout
    wanted = b"".join(line + b":m\n" for line in listed.split())
    out = subprocess.run([*git, "cat-file", "--batch"], input=wanted, capture_output=True, check=True).stdout
    contents, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        words = out[at:end].split()
        at = end + 1
        if words[-1] != b"missing":
            size = int(words[2])
            contents.append(out[at : at + size])
            at += size + 1
    return contents


def text(headers: Message, name: str) -> str:
    value = str(headers.get(name, ""))
    with contextlib.suppress(ValueError, LookupError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def post(raw: bytes) -> Post | None:
    headers = BytesHeaderParser(policy=compat32).parsebytes(raw)
    name = re.search(r"<([^<>\s]+)>", str(headers.get("Message-ID", "")))
    date = parsedate_tz(str(headers.get("Date", "")))
    if name is None or date is None:
        return None
    answered = re.findall(r"<([^<>\s]+)>", str(headers.get("In-Reply-To", "")))[:1]
    parents = tuple(dict.fromkeys([*answered, *re.findall(r"<([^<>\s]+)>", str(headers.get("References", "")))]))
    body = raw.partition(b"\n\n")[2]
    encoded = b"base64" in str(headers.get("Content-Transfer-Encoding", "")).lower().encode()
    diff = encoded or re.search(rb"^(diff --git |--- \S+\n\+\+\+ )", body, re.MULTILINE) is not None
    try:
        moment = float(mktime_tz(date))
    except (ValueError, OverflowError):
        return None
    author = parseaddr(text(headers, "From"))[1].lower()
    return Post(raw, name[1], parents, author, text(headers, "Subject"), moment, diff)


def threads(posts: Sequence[Post]) -> list[list[Post]]:
    """Messages that name each other, directly or by what none of them is."""
    leaders: dict[str, str] = {}

    def leader(name: str) -> str:
        while leaders.setdefault(name, name) != name:
            leaders[name] = leaders[leaders[name]]
            name = leaders[name]
        return name

    for each in posts:
        for parent in each.parents:
            leaders[leader(parent)] = leader(each.name)
    by_leader: dict[str, list[Post]] = defaultdict(list)
    for each in posts:
        by_leader[leader(each.name)].append(each)
    return list(by_leader.values())


def counted(subject: str) -> tuple[int, int, int, str] | None:
    """Number, total, version and title by the tags at the beginning, cut at what is neither letter nor digit."""
    head = re.match(r"((?:\[[^\]]*\]\s*)+)(.*)", subject)
    if head is None:
        return None
    tags = head[1]
    pair = re.findall(r"(?<![\d.])(\d+)\s*/\s*(\d+)(?![\d.])", tags)
    versions = [int(word[1:]) for word in re.split(r"[^0-9A-Za-z.]+", tags) if re.fullmatch(r"[vV]\d{1,2}", word)]
    glued = re.findall(r"(?i)(?:patch|rfc|resend)-?v(\d{1,2})\b", tags)
    # StGit puts it at the end.
    glued = glued or re.findall(r"\[ver #(\d+)\]$", subject)
    version = versions[-1] if versions else int(glued[-1]) if glued else 1
    return (int(pair[-1][0]), int(pair[-1][1]), version, head[2]) if pair else None


def series(archive: str, thread: Sequence[Post]) -> Iterator[Expected]:
    """The complete series of a thread."""
    parts: dict[tuple[str, int], list[tuple[int, int, Post, str]]] = defaultdict(list)
    lone = 0
    for each in thread:
        said = counted(each.subject)
        if said is None or not (each.diff or said[0] == 0):
            lone += each.diff and not re.match(r"(?i)(re|aw|fwd?):", each.subject)
        elif said[1] > 0:
            parts[each.author, said[1]].append((said[0], said[2], each, said[3]))
    groups = []
    for (_, total), mails in parts.items():
        mails.sort(key=lambda part: part[2].moment)
        group: list[tuple[int, int, Post, str]] = []
        for part in [*mails, None]:
            if group and (part is None or part[2].moment - group[-1][2].moment > HOURS * 3600):
                groups.append((total, group))
                group = []
            group += [part] if part else []
    for total, group in groups:
        patches = sorted((part for part in group if part[0]), key=lambda part: part[0])
        covers = [part for part in group if part[0] == 0]
        numbers = [part[0] for part in patches]
        if numbers != list(range(1, total + 1)) or len(covers) > 1 or (total == 1 and not covers):
            continue
        first = (covers or patches)[0]
        versions = {part[1] for part in patches} - {1}
        if len({part[1] for part in patches}) > 1:
            continue
        yield Expected(
            archive,
            tuple(thread),
            tuple(part[2].name for part in patches),
            first[2].name,
            first[1] if not versions else versions.pop(),
            first[3],
            alone=len(groups) == 1 and lone == 0,
        )


def outcome(expected: Expected, b4: B4) -> str:
    """Empty where the series comes out exactly; otherwise what comes out."""
    raw = [each.raw for each in expected.thread]
    for message_id in [expected.first, *([""] if expected.alone else [])]:
        by = "by its first message" if message_id else "by the mailbox"
        try:
            made = from_thread(raw, message_id, None, b4, online=False)
        except PipelineError as error:
            return f"{by}: {error}"
        names = tuple(patch.message_id for patch in made.patches)
        if names != expected.names or made.version != expected.version:
            return (
                f"{by}: v{made.version} with {len(names)} patch(es), not v{expected.version} with {len(expected.names)}"
            )
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=400, help="series drawn, of all archives alike")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--stretch", type=int, default=2500, help="messages read of each archive")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    archives = repositories(options.folder)
    if not archives:
        sys.exit(f"there is no git repository in {options.folder}")
    drawn = list[Expected]()
    for repository in archives:
        named = repository.relative_to(options.folder).parts[0].removesuffix(".git")
        posts = [each for each in map(post, messages(repository, options.stretch, chance)) if each]
        candidates = [each for thread in threads(posts) for each in series(named, thread)]
        drawn += chance.sample(candidates, min(len(candidates), -(-options.threads // len(archives))))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        workspace = Workspace(Path(name))
        workspace.prepare()
        b4 = B4(workspace, Processes(), Allowance(24 * 3600))
        outcomes = list(pool.map(lambda expected: outcome(expected, b4), drawn))
    total, exact = Counter(each.archive for each in drawn), Counter[str]()
    for each, words in zip(drawn, outcomes, strict=True):
        exact[each.archive] += not words
        if words:
            print(f"{each.archive} <{each.first}> {each.title!r}\n    {words}")
    for archive in sorted(total):
        print(f"{exact[archive]:5} of {total[archive]:4}  {archive}")
    right, count = sum(exact.values()), len(drawn)
    print(f"{right} of {count} series come out exactly ({100 * right / max(1, count):.1f} %), seed {options.seed}")


if __name__ == "__main__":
    main()
