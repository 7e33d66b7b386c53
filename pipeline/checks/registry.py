"""Every check on patches, in the order in which reports show them."""

from __future__ import annotations

from pipeline.checks.abi import AbiCheck
from pipeline.checks.checkpatch import CheckpatchCheck
from pipeline.checks.coccinelle import CoccinelleCheck
from pipeline.checks.compiled import COMPILED
from pipeline.checks.configuration import Configuration, load_configuration
from pipeline.checks.device_tree import DeviceTreeCheck
from pipeline.checks.documentation import DocumentationCheck
from pipeline.checks.fixes import FixesCheck
from pipeline.checks.includes import IncludesCheck
from pipeline.checks.kconfig import KconfigCheck
from pipeline.checks.kernel_doc import KernelDocCheck
from pipeline.checks.maintainers import MaintainersCheck
from pipeline.checks.netlink import NetlinkCheck
from pipeline.checks.posting import PostingCheck
from pipeline.checks.protocol import PatchCheck, Tool
from pipeline.checks.recipients import RecipientsCheck
from pipeline.checks.scripts import RUFF, SHELLCHECK
from pipeline.checks.sign_off import SignOffCheck
from pipeline.checks.spelling import SpellingCheck
from pipeline.checks.stable import StableCheck
from pipeline.checks.suspicion import SuspicionCheck
from pipeline.checks.uapi import UapiCheck

CHECKS: tuple[PatchCheck, ...] = (
    SuspicionCheck(),
    CheckpatchCheck(),
    KernelDocCheck(),
    IncludesCheck(),
    SignOffCheck(),
    FixesCheck(),
    StableCheck(),
    PostingCheck(),
    RecipientsCheck(),
    MaintainersCheck(),
    SpellingCheck(),
    KconfigCheck(),
    DeviceTreeCheck(),
    DocumentationCheck(),
    AbiCheck(),
    UapiCheck(),
    NetlinkCheck(),
    CoccinelleCheck(),
    SHELLCHECK,
    RUFF,
)


def configured() -> Configuration:
    """What configuration says of every check, of those that come with builds, too.

    Raises:
        UsageError: a file is wrong, or names a check that is none.
    """
    return load_configuration((check.name for check in CHECKS), {check.name: check.switched for check in COMPILED})


def tools() -> tuple[Tool, ...]:
    """Programs that some check needs, each once."""
    return tuple(dict.fromkeys(tool for check in CHECKS for tool in check.needs.tools))
