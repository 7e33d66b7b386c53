"""The page that a template is filled into: escaping, and a policy under which only its own style and script count.

What is inline is allowed by its SHA-256 (Content Security Policy Level 3, "hash-source"), so that nothing that a mail,
a compiler or a kernel says can run or restyle the page, even if it got past escaping.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.system.resources import folder

TEMPLATE = "report.html.j2"
STYLE = "report.css"
SCRIPT = "report.js"


def fill(template: str = TEMPLATE, /, **view: object) -> str:
    """A template, filled in."""
    return _templates().get_template(template).render(view)


def policy(style: str, script: str) -> str:
    """The Content-Security-Policy of a page with this style and this script, and nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_source_hash(style)}'",
            f"script-src '{_source_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _source_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _templates() -> Environment:
    """Made once: compiling the template takes longer than all the rest."""
    place = folder("templates")
    style, script = ((place / name).read_text(encoding="utf-8") for name in (STYLE, SCRIPT))
    jinja = Environment(
        loader=FileSystemLoader(place),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Both are our own files, and the page must have them exactly as they were hashed.
    jinja.globals.update(style=Markup(style), script=Markup(script), policy=policy(style, script))
    return jinja
