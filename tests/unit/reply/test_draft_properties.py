"""Whatever a stranger writes, the reply is the mail that was meant (hypothesis)."""

from __future__ import annotations

import email.policy
import re
from datetime import UTC, datetime
from email import charset, message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage

import b4
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.assess.words import location
from pipeline.record import ClaimRecord, RunRecord
from pipeline.reply import Style, draft, to_bytes
from pipeline.review.record import PointRecord, ReviewRecord
from pipeline.system.text import visible
from tests.support import records

# b4 changes how the standard library encodes UTF-8, for the whole process; it is changed back for other tests.
charset.add_charset("utf-8", charset.SHORTEST, charset.BASE64, "utf-8")

ME = "Maintainer <me@example.org>"
DATE = datetime(2025, 12, 8, 9, 30, tzinfo=UTC)
ALLOWED = {
    *("From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}

pieces = st.sampled_from(
    [
        *(
            "\r\nBcc: evil@example.net",
            "\n\nbody",
            "\x00",
            "\x1b[2J",
            "\u202e",
            "\u2028",
            "=?utf-8?q?x=0Ay?=",
            "=?",
            "?=",
        ),
        *(
            "<evil@example.net>",
            '"',
            "\\",
            ",",
            "@",
            "größe",
            "漢字",
            "e\u0301" * 5,
            "\t",
            " ",
            "Re: ",
            "[PATCH v2 1/3]",
        ),
        *("\nAcked-by: Evil <me@example.org>\n", "Reviewed-by: Maintainer <me@example.org>", "Fixes: 012345678901"),
        *("From evil", "> ", "-- \n", "---", "diff --git a/x b/x", "word " * 30, "x" * 200),
    ]
)
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=6).map("".join))
names = st.builds(lambda text: f"{text} <kas@kernel.org>", texts)


@st.composite
def runs(draw: st.DrawFn) -> RunRecord:
    """A run of which strangers worded all that strangers can word."""
    body = draw(texts) + "\nI see ~1K reduction of text.\n" + draw(texts)
    letter = records.letter(
        subject=draw(texts),
        sender=draw(names),
        to=tuple(draw(st.lists(st.one_of(texts, names), max_size=3))),
        cc=tuple(draw(st.lists(texts, max_size=3))),
        references=tuple(draw(st.lists(texts, max_size=3))),
        date=draw(texts),
        body=body,
    )
    words = draw(texts)
    diagnostic = records.diagnostic(draw(texts), draw(st.integers(0, 9)), words)
    states = (records.state(0), records.state(1, "failed", subject=draw(texts), errors=(diagnostic,)))
    cells = (records.broken("odd", states=states), records.cell(draw(texts) or "one"))
    claims: tuple[ClaimRecord, ...] = (
        records.claim(text="~1K reduction of text"),
        records.claim("refuted", -5, text=draw(texts) or "x", cell=draw(texts)),
        records.claim(
            "not confirmed", None, claimed=None, kind="diffstat", finding=words, details=(draw(texts), words)
        ),
    )
    point = PointRecord(
        number=1,
        message_id="20251205194351.1646318-1-kas@kernel.org",
        link="",
        author=draw(names),
        date=draw(texts),
        patch=None,
        revision=1,
        quoted=(draw(texts),),
        text=(draw(texts), draw(texts)),
        state="unanswered",
        symbols=("prep_compound_page", draw(texts)),
    )
    return records.run(
        series=records.series(cover=letter),
        cells=cells,
        claims=claims,
        trees=(records.tree(name=draw(texts), version=draw(texts)),),
        review=ReviewRecord(version=1, messages=1, points=(point,)),
    )


def answered(run: RunRecord, style: Style = Style.FULL) -> tuple[EmailMessage, bytes]:
    message = draft(run, identity=ME, date=DATE, own_id="reply@example.org", style=style)
    return message, to_bytes(message)


def decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs(), st.sampled_from(Style))
def test_a_reply_is_read_as_it_was_meant(run: RunRecord, style: Style) -> None:
    message, raw = answered(run, style)
    received = message_from_bytes(raw, policy=email.policy.default)
    older = message_from_bytes(raw, policy=email.policy.compat32)
    assert not received.defects
    assert sorted(received.keys()) == sorted(message.keys())
    assert set(received.keys()) <= ALLOWED
    for name in ("To", "Cc"):
        meant = [address.addr_spec for address in message[name].addresses] if name in message else []
        assert ([address.addr_spec for address in received[name].addresses] if name in received else []) == meant
    assert " ".join(decoded(older["Subject"]).split()) == message["Subject"]
    for name in ("Message-ID", "In-Reply-To", "References", "Date", "From"):
        assert " ".join(str(received[name]).split()) == str(message[name])
    assert not [value for value in map(decoded, older.values()) if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", value)]
    assert received.get_content() == message.get_content()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs(), st.sampled_from(Style))
def test_a_reply_is_plain_lines(run: RunRecord, style: Style) -> None:
    _, raw = answered(run, style)
    head, _, body = raw.decode().partition("\n\n")
    assert head.isascii()
    assert max(map(len, head.split("\n"))) <= 998
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", body)
    assert not [line for line in body.split("\n") if "\t" in line and not line.startswith("> ")], "but in quotes"
    # Quoted lines are as they were posted, and lines of compilers as they were printed.
    wide = [line for line in body.split("\n") if cell_len(line) > 72 and not line.startswith((">> ", "> "))]
    assert [line for line in wide if not line.strip("|> ").startswith(logs(run))] == []
    assert max(len(line.encode()) for line in body.split("\n")) <= 998
    # What a compiler printed is whole as long as a mail can carry it.
    rest = [line for line in body.split("\n") if not line.startswith((">> ", "   "))]
    assert max(map(cell_len, rest)) <= 120


def logs(run: RunRecord) -> tuple[str, ...]:
    """How lines begin that programs printed: a compiler's words, bloat-o-meter's, and what a symbol's size is."""
    (diagnostic,) = run.cells[0].states[1].errors
    return visible(location(diagnostic)).strip("| ")[:20] or "?", "add/remove: ", "prep_compound_page: ", "odd: error"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs(), st.sampled_from(Style))
def test_b4_finds_no_trailer_in_a_reply(run: RunRecord, style: Style) -> None:
    message, _ = answered(run, style)
    lore_trailers, _ = b4.LoreMessage.find_trailers(message.get_content(), followup=True)
    assert [(trailer.name, trailer.value) for trailer in lore_trailers] == []
    assert not re.search(r"^([a-z][a-z-]*-by|cc):", message.get_content(), re.IGNORECASE | re.MULTILINE)
