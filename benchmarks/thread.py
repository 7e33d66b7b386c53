"""Times how a thread of 1,000 messages is read: the mails alone, and the whole of `pipeline fetch`, b4 included.

The thread is made here: a series of 20 patches with 979 replies that quote 60 lines and have 20 recipients each, every
fifth with a trailer (4.9 MB). Each part runs in a process of its own; its peak of memory is given, too.

    python benchmarks/thread.py [--runs N] [--messages N]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from common import measured

from pipeline.mail.mbox import join_mbox

PATCHES = 20
DIFF = """\
---
 mm/util.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/mm/util.c b/mm/util.c
index 1111111..2222222 100644
--- a/mm/util.c
+++ b/mm/util.c
@@ -1,2 +1,2 @@
-old
+new
 kept
--\x20
2.39.5
"""
READ = """
import sys
from pathlib import Path
from pipeline.mail.mbox import read_file
from pipeline.mail.message import parse_all
mails, refused = parse_all(read_file(Path(sys.argv[1])))
assert mails and not refused
"""


def made(number: int, subject: str, body: str, references: list[int], sender: str) -> bytes:
    recipients = ",\n\t".join(f"Reviewer {at} <r{at}@example.org>" for at in range(20))
    lines = [
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x;\n\tb={'B' * 300}",
        f"From: {sender}",
        "To: A List <list@example.org>, A Maintainer <maintainer@example.org>",
        f"Cc: {recipients}",
        f"Subject: {subject}",
        f"Date: Fri, 05 Dec 2025 19:{number // 60 % 60:02}:{number % 60:02} +0000",
        f"Message-ID: <{number}@example.org>",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    if references:
        listed = "\n ".join(f"<{reference}@example.org>" for reference in references)
        lines += [f"In-Reply-To: <{references[-1]}@example.org>", f"References: {listed}"]
    return ("\n".join(lines) + "\n\n" + body).encode()


def thread(messages: int) -> bytes:
    """An mbox."""
    author = "A U Thor <author@example.org>"
    signed = f"Signed-off-by: {author}\n"
    mails = [made(0, f"[PATCH 00/{PATCHES}] cover", f"Hello.\n\n{signed}", [], author)]
    parents: dict[int, list[int]] = {0: [0]}
    for number in range(1, PATCHES + 1):
        body = f"Because.\n\n{signed}{DIFF.replace('util', f'util{number}')}"
        mails.append(made(number, f"[PATCH {number:02}/{PATCHES}] change {number}", body, [0], author))
        parents[number] = [0, number]
    quoted = "".join(f"> line {at} of what was said before, and is quoted here\n" for at in range(60))
    for number in range(PATCHES + 1, messages):
        references = parents[number - PATCHES if number % 3 else number % PATCHES][-20:]
        parents[number] = [*references, number]
        body = f"On Friday, {author} wrote:\n{quoted}\nI think that this is good – really.\n"
        if number % 5 == 0:
            body += f"\nReviewed-by: Reviewer {number} <r{number}@example.org>\n"
        sender = f"Reviewer {number} <r{number}@example.org>"
        mails.append(made(number, f"Re: [PATCH {number % PATCHES:02}/{PATCHES}] change", body, references, sender))
    return join_mbox(mails)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "thread.mbx"
        path.write_bytes(thread(options.messages))
        python = sys.executable
        parts = {
            "Python and the modules that read mail": [python, "-c", "import pipeline.mail.mbox, pipeline.mail.message"],
            "the thread, read (goal: 2 s, 150 MiB)": [python, "-c", READ, str(path)],
            "Python and all of the pipeline": [python, "-m", "pipeline", "--version"],
            "pipeline fetch, with b4": [
                python,
                "-m",
                "pipeline",
                "fetch",
                str(path),
                "--workspace",
                f"{name}/w",
                "--quiet",
            ],
        }
        size = path.stat().st_size / 1e6
        print(f"{options.messages} messages, {size:.1f} MB; {platform.machine()}, {os.cpu_count()} CPUs, ", end="")
        print(f"Python {platform.python_version()}, median of {options.runs} runs; other load {os.getloadavg()[0]:.1f}")
        print(f"{'part':40} {'wall s':>7} {'CPU s':>6} {'MiB':>5}")
        for part, command in parts.items():
            runs = [measured(command) for _ in range(options.runs)]
            wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
            print(f"{part:40} {wall:7.2f} {cpu:6.2f} {memory:5.0f}")


if __name__ == "__main__":
    main()
