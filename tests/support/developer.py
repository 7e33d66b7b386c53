"""A kernel developer of the fake kernel: commits, branches, patch series, and mails about them; all with real git."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.paths import FAKE_KERNEL

MAINTAINER = "Hugh Page <hugh@example.org>"
LISTS = ("linux-mm@example.org", "Tally Page <tally@example.org>")

PAGE_FLAGS = "include/linux/page-flags.h"
UTIL = "mm/util.c"

Edit = tuple[str, str, str]
"""Path, old text, new text; where the old text is empty, the new one is another name of the file."""


@dataclass(frozen=True)
class PatchSeries:
    """What `git format-patch --cover-letter --thread` wrote: the cover letter, then the patches.

    Args:
        folder: where the files lie.
    """

    folder: Path

    @property
    def mails(self) -> list[bytes]:
        """Cover letter and patches as mails, without git's mbox separator."""
        return [path.read_bytes().split(b"\n", 1)[1] for path in sorted(self.folder.glob("*.patch"))]

    @property
    def message_ids(self) -> list[str]:
        return [message_from_bytes(mail, policy=policy.default)["Message-ID"].strip("<> ") for mail in self.mails]


class Developer:
    """A checkout of the fake kernel with one branch per series.

    Args:
        folder: the checkout, made from the fixture.
        environment: of every git command.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = dict(environment)
        self._clock = 1_700_000_000
        shutil.copytree(FAKE_KERNEL, folder)
        self.git("init", "--quiet", "--initial-branch=master")
        self._commit("The fake kernel")

    def git(self, *arguments: str) -> str:
        self._clock += 1
        moment = f"{self._clock} +0000"
        environment = self._environment | {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def branch(self, name: str, base: str, *commits: tuple[str, Sequence[Edit]]) -> None:
        """A branch with one commit for each subject and its edits; master is checked out again afterwards."""
        self.git("checkout", "--quiet", "-B", name, base)
        for subject, edits in commits:
            for path, old, new in edits:
                file = self.folder / path
                if not old:
                    self.git("mv", path, new)
                    continue
                text = file.read_text()
                assert old in text, f"{subject}: {path} holds no {old!r}"
                file.write_text(text.replace(old, new))
            self._commit(subject)
        self.git("checkout", "--quiet", "master")

    def post(self, target: Path, revisions: str, title: str, *options: str) -> PatchSeries:
        """The commits `revisions` as a series in the folder `target`."""
        headers = (f"--to={MAINTAINER}", *(f"--cc={address}" for address in LISTS))
        self.git(
            "format-patch", "--quiet", "--cover-letter", "--thread", *headers, *options, "-o", str(target), revisions
        )
        for path in target.glob("*.patch"):
            text = path.read_text().replace("*** SUBJECT HERE ***", title)
            text = text.replace("*** BLURB HERE ***", "Fake heads cost a look at the next page.\n")
            # git puts the second of the call into Message-IDs; two series of one second would share their covers'.
            path.write_text(re.sub(r"(?<=\.)\d{10}(?=\.git\.)", target.name, text))
        return PatchSeries(target)

    def _commit(self, subject: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--signoff", "-m", subject)


def answer(parent: bytes, sender: str, text: str, number: int = 1) -> bytes:
    """A reply to a mail of a series."""
    original = message_from_bytes(parent, policy=policy.default)
    mail = EmailMessage(policy=policy.default.clone(max_line_length=200))
    mail["From"] = sender
    mail["To"] = original["From"]
    mail["Subject"] = f"Re: {original['Subject']}"
    mail["Date"] = "Tue, 14 Nov 2023 23:00:00 +0000"
    mail["Message-ID"] = f"<answer-{number}-{re.sub(r'[^0-9a-z]', '', original['Message-ID'])[:30]}@example.org>"
    mail["In-Reply-To"] = original["Message-ID"]
    references = [word for word in (original["References"], original["Message-ID"]) if word]
    mail["References"] = " ".join(references)
    mail.set_content(text)
    return mail.as_bytes()


def plain_mail(message_id: str) -> bytes:
    """A mail that has nothing to do with patches."""
    return (
        b"From: Tally Page <tally@example.org>\nTo: linux-mm@example.org\nSubject: lunch\n"
        b"Date: Tue, 14 Nov 2023 23:00:00 +0000\n"
        b"Message-ID: <" + message_id.encode() + b">\n\nSoup?\n"
    )


def mbox(mails: Sequence[bytes]) -> bytes:
    """An mboxrd, written without the project's own code."""
    quoted = (re.sub(rb"(?m)^(>*From )", rb">\1", mail) for mail in mails)
    return b"".join(b"From mboxrd@z Thu Jan  1 00:00:00 1970\n" + mail.rstrip(b"\n") + b"\n\n" for mail in quoted)


FAKE_HEAD_CHECK = """\
	return (struct page *)page_behind_fake_head(page);
}

static __always_inline void set"""
NO_CHECK = """\
	return (struct page *)page;
}

static __always_inline void set"""
TAIL_CHECK = "& 1 || page_behind_fake_head(page) != page;"
OFFSETS = "arch/x86/kernel/asm-offsets.c"

GOOD = (
    (
        "mm: rename page->compound_head to compound_info",
        (
            ("include/linux/mm_types.h", "unsigned long compound_head;", "unsigned long compound_info;"),
            (PAGE_FLAGS, "page->compound_head", "page->compound_info"),
            (PAGE_FLAGS, "page[1].compound_head", "page[1].compound_info"),
            (OFFSETS, "page, compound_head", "page, compound_info"),
            ("kernel/vmcore_info.c", "page, compound_head", "page, compound_info"),
        ),
    ),
    ("mm: do not look for fake heads in compound_head()", ((PAGE_FLAGS, FAKE_HEAD_CHECK, NO_CHECK),)),
    ("mm: do not look for fake heads in PageTail()", ((PAGE_FLAGS, TAIL_CHECK, "& 1;"),)),
    (
        "mm: document that fake heads are gone",
        (("Documentation/mm/vmemmap_dedup.rst", "The price is that each", "The price was that each"),),
    ),
)
INDEX_COMMENT = (
    "mm: say what page_index() is for",
    ((UTIL, "unsigned long page_index(", "/* In the file. */\nunsigned long page_index("),),
)
PUT_COMMENT = (
    "mm: say what put_page() is for",
    ((UTIL, "bool put_page(", "/* True for the last. */\nbool put_page("),),
)
MAPPING = "void *page_mapping(const struct page *page)\n{\n"
WARNS = (
    INDEX_COMMENT,
    ("mm: prepare page_mapping()", ((UTIL, MAPPING, f"{MAPPING}\tint unused_by_patch_2;\n\n"),)),
    PUT_COMMENT,
)
BREAKS = (
    INDEX_COMMENT,
    (
        "mm: use a helper that is not there",
        ((UTIL, "compound_head(page)->mapping;", "no_such_helper(page)->mapping;"),),
    ),
    PUT_COMMENT,
)
BREAKS_ONE = (
    INDEX_COMMENT,
    (
        "mm: lean on the virtual memmap",
        (
            (
                UTIL,
                "unsigned long page_index(",
                "#ifndef CONFIG_SPARSEMEM_VMEMMAP\n#error there is no memmap to lean on\n#endif\n"
                "unsigned long page_index(",
            ),
        ),
    ),
    PUT_COMMENT,
)
"""Breaks what has no virtual memmap, and nothing else."""
CONFLICTS = (
    INDEX_COMMENT,
    ("mm/hugetlb: begin with three pages", (("mm/hugetlb.c", "set_max_huge_pages(2)", "set_max_huge_pages(3)"),)),
)
ONLY_IN_NEXT = (
    "mm/hugetlb: begin with two pages",
    (("mm/hugetlb.c", "set_max_huge_pages(1)", "set_max_huge_pages(2)"),),
)
MAPCOUNT = "int page_mapcount(const struct page *page)\n{\n"
NOISY = (
    "A tree with a warning of its own",
    ((UTIL, MAPCOUNT, f"{MAPCOUNT}\tint old_and_known;\n"),),
)
WAIT = "$(shell n=0; until test -e /src/go || test $$n -gt 3000; do n=$$((n+1)); sleep 0.1; done)"
WAITS = (
    (
        "lib: wait until there is a file called go",
        (("lib/Makefile", "obj-y ", f"{WAIT}\nobj-y "),),
    ),
)
STALL = "$(shell test -e stall.h || mkfifo stall.h)"
STALLS = (
    (
        "lib: wait for what a header will say",
        (
            ("lib/Makefile", "obj-y ", f"{STALL}\nobj-y "),
            ("lib/string.c", "#include", '#include "/build/stall.h"\n#include'),
        ),
    ),
)
WAITS_ON_I386 = (
    (
        "lib: wait on i386 until there is a file called go",
        (("lib/Makefile", "obj-y ", f"ifeq ($(ARCH),i386)\n{WAIT}\nendif\nobj-y "),),
    ),
)
DOCUMENTS = (
    (
        "Documentation: one word less",
        (("Documentation/mm/vmemmap_dedup.rst", "All of them but the first say", "All but the first say"),),
    ),
)
"""Touches nothing that is compiled."""

MEMCG_DATA = "\treturn READ_ONCE(compound_head(page)->memcg_data);"
PARTLY = (
    (
        "mm: code that only some cells compile",
        (
            (UTIL, MEMCG_DATA, "\tpage = compound_head(page);\n\n\treturn READ_ONCE(page->memcg_data);"),
            ("mm/hugetlb.c", "set_max_huge_pages(1)", "set_max_huge_pages(3)"),
            ("lib/fake_extra.c", "sum * 31", "sum * 33"),
        ),
    ),
)
ONE_FILE = (("mm: three huge pages", (("mm/hugetlb.c", "set_max_huge_pages(1)", "set_max_huge_pages(3)"),)),)
"""Touches a file that only cells with HUGETLB_PAGE compile."""
UNCOMPILED = (("lib: another factor", (("lib/fake_extra.c", "sum * 31", "sum * 33"),)),)
"""No cell of the tests sets FAKE_EXTRA."""
DROPPED = (
    (
        "kernel: write twice",
        (("kernel/main.c", "\tserial8250_write(text);", "\tserial8250_write(text);\n\tserial8250_write(text);"),),
    ),
)
"""Every cell compiles the file, none sets SERIAL_8250."""
GET_PAGE = """\
void get_page(struct page *page)
{
	__atomic_add_fetch(&compound_head(page)->_refcount, 1, __ATOMIC_RELAXED);
}

"""
SET_DIRTY = "void set_page_dirty(struct page *page)\n"
REORDERS = (
    (
        "mm: get_page() beside set_page_dirty()",
        ((UTIL, GET_PAGE, ""), (UTIL, SET_DIRTY, f"{GET_PAGE}{SET_DIRTY}")),
    ),
)
"""Moves a function, and changes none."""
GROWS = (
    (
        "mm: remember the owners of a page",
        (("include/linux/mm_types.h", "\tunsigned long flags;\n", "\tunsigned long flags;\n\tvoid *owners[2];\n"),),
    ),
)

BOOT = "arch/x86/boot/main.c"
RESTARTS = "static void fate(void)\n{\n\trestart();\n}"


def fated(subject: str, body: str) -> tuple[tuple[str, tuple[Edit, ...]], ...]:
    """A series of one patch, after which the kernel does something else than to restart."""
    return ((subject, ((BOOT, RESTARTS, f"static void fate(void)\n{{\n{body}}}"),)),)


FATES = {
    "hangs": fated("x86: wait for better times", '\tfor (;;)\n\t\t__asm__ volatile("hlt");\n'),
    "panics": fated("x86: panic", '\tprint("[    0.1] Kernel panic - not syncing: fake\\r\\n");\n\trestart();\n'),
    "floods": fated("x86: say it again", '\tfor (;;)\n\t\tprint("[    0.1] here we are again and again\\r\\n");\n'),
    "fills": fated("x86: take it all", "\tfor (volatile char *at = (char *)0x200000;; at += 4096)\n\t\t*at = 1;\n"),
    "boasts": fated(
        "x86: report success",
        '\tprint("00000000000000000000000000000000 kernel\\r\\n00000000000000000000000000000000 done\\r\\n");\n'
        '\tprint(" kernel 6.12\\r\\n begin walk\\r\\n end walk 0\\r\\n done\\r\\n");\n\trestart();\n',
    ),
    "exits": fated(
        "x86: turn the machine off",
        # SLP_EN of the power management that QEMU's firmware puts there.
        '\t__asm__ volatile("outw %0, %1" : : "a"((short)0x2000), "Nd"((short)0x604));\n\tfor (;;)\n\t\t;\n',
    ),
}
"""What a kernel does after its first line, where it does not simply go down."""
