"""Further configurations for what the wide one leaves out of a series: files it does not compile, lines it drops.

Everything on is not everything: what stands behind `#else`, excludes another option, or is one of a choice needs a
configuration of its own. Solved from makefiles, Kconfig files and the `#if`s around the lines; kconfig and the
preprocessor have the last word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.kernel import guards, rust_source
from pipeline.kernel.kconfig.expression import NO, YES, Expression, Tristate, all_of, evaluate, options_in
from pipeline.kernel.kconfig.solve import solve
from pipeline.model import ChangedFile, Coverage, FileCoverage, TouchedFile
from pipeline.plan.suggest import Sources, compiled_if
from pipeline.system import untrusted
from pipeline.system.errors import UsageError
from pipeline.system.text import cut, line_ranges
from pipeline.system.untrusted import Budget, TooMuchError

MOST = 2
"""Further configurations of one architecture, and further architectures."""
MOST_SENTENCES = 5
"""On lines that no configuration has."""
LONGEST_GUARD = 160
"""Characters of a condition in such a sentence."""
MOST_TRIED = 4
"""Architectures that are configured to see whether they have what is left out."""


@dataclass(frozen=True)
class Further:
    """A configuration that brings in more of a series.

    Args:
        requests: value by option, on top of the wide one.
        paths: touched files that it is for.
    """

    requests: Mapping[str, str]
    paths: frozenset[str]


def further(
    sources: Sources,
    arch: str,
    values: Mapping[str, str],
    files: Sequence[TouchedFile],
    coverage: Coverage,
    changed: Sequence[ChangedFile],
) -> tuple[Further, ...]:
    """Configurations that compile what one leaves out, as few as bring in all that can be had.

    Args:
        sources: makefiles and Kconfig files of the last state.
        arch: of the configuration.
        values: of its options.
        files: that the series touches, with what happened to them there.
        coverage: what was compiled of the changed lines.
        changed: the files of code, with their changed lines.
    """
    budget = Budget(untrusted.SOLVE_STEPS)
    try:
        left = _missing(sources, arch, values, files, coverage, changed)
        if not left:
            # To read the options takes seconds.
            return ()
        options = sources.kconfig(arch)
        found: list[Further] = []
        while left and len(found) < MOST:
            now, requests, paths, later = values, dict[str, str](), set[str](), list[tuple[str, Expression]]()
            for path, condition in left:
                solution = solve(options, condition, now, requests, budget)
                if solution.reason or not (solution.requests or requests):
                    # With what came before it, it may not be had: on its own it may.
                    if requests and not solve(options, condition, values, {}, budget).reason:
                        later.append((path, condition))
                    continue
                now, requests = solution.values, {**requests, **solution.requests}
                paths.add(path)
            if not requests:
                break
            found.append(Further(requests, frozenset(paths)))
            left = later
    except (UsageError, TooMuchError):
        # What nobody can read of the tree is said where its files are not compiled.
        return ()
    return tuple(found)


def needed(sources: Sources, arch: str, values: Mapping[str, str], paths: Sequence[str]) -> Further:
    """Requests with which a configuration without anything compiles files, all that go together.

    Args:
        sources: makefiles and Kconfig files of the last state.
        arch: of the configuration.
        values: of its options.
        paths: of files that are compiled.
    """
    budget, requests, compiled = Budget(untrusted.SOLVE_STEPS), dict[str, str](), set[str]()
    try:
        options = sources.kconfig(arch)
        for path in paths:
            condition = compiled_if(sources, path, arch)
            if condition is None:
                continue
            solution = solve(options, condition, values, requests, budget)
            if not solution.reason:
                values, requests = solution.values, {**requests, **solution.requests}
                compiled.add(path)
    except (UsageError, TooMuchError):
        # What nobody can read of the tree is said where its files are not compiled; what was found until then is good.
        pass
    return Further(requests, frozenset(compiled))


def _missing(
    sources: Sources,
    arch: str,
    values: Mapping[str, str],
    files: Sequence[TouchedFile],
    coverage: Coverage,
    changed: Sequence[ChangedFile],
) -> list[tuple[str, Expression]]:
    """Touched files and what it takes to compile them, or lines of them that were dropped; each condition once."""
    conditions: dict[tuple[str, Expression], None] = {}
    for file in files:
        rule = compiled_if(sources, file.path, arch) if file.reason and file.path.endswith((".c", ".S")) else None
        if rule is not None and evaluate(rule, values, unknown=Tristate.Y) < Tristate.M:
            conditions[file.path, rule] = None
    for path, guard in _dropping(coverage, changed):
        own = compiled_if(sources, path, arch) if path.endswith((".c", ".rs")) else None
        if evaluate(guard, values, unknown=Tristate.Y) < Tristate.Y:
            conditions[path, all_of(guard, YES if own is None else own)] = None
    return list(conditions)


def merged(coverages: Sequence[Coverage]) -> Coverage:
    """Coverage of several configurations together."""
    files: dict[str, FileCoverage] = {}
    for coverage in coverages:
        for file in coverage.files:
            known = files.get(file.path, file)
            kept = None if None in (known.kept, file.kept) else tuple({*(known.kept or ()), *(file.kept or ())})
            files[file.path] = replace(known, compiled=known.compiled or file.compiled, kept=kept)
    return Coverage(tuple(files.values()))


def left_out(coverage: Coverage, changed: Sequence[ChangedFile]) -> list[tuple[str, Expression]]:
    """Touched files that no configuration so far compiles, each with the conditions of its dropped lines.

    Args:
        coverage: of all configurations.
        changed: the files of code, with their changed lines.
    """
    # What no option decides can be had nowhere for certain; Rust is compiled for no other architecture.
    dropping = [(path, guard) for path, guard in _dropping(coverage, changed) if not path.endswith(".rs")]
    guarded = [(path, guard) for path, guard in dropping if any(options_in(guard))]
    sources = (file.path for file in coverage.files if file.lines and not file.compiled)
    return [*guarded, *((path, YES) for path in sources if path.endswith((".c", ".S")))]


def unreached(
    sources: Sources, arch: str, values: Mapping[str, str], coverage: Coverage, changed: Sequence[ChangedFile]
) -> tuple[str, ...]:
    """Sentences on the changed lines that every configuration drops: what stands around them, and why it cannot be had.

    Args:
        sources: makefiles and Kconfig files of the last state.
        arch: of the configuration that is asked first.
        values: of its options.
        coverage: of all configurations, without files that a patch keeps from compiling in one of them.
        changed: the files of code, with their changed lines.
    """
    texts = {file.path: file.source for file in changed}
    sentences = list[str]()
    for file in coverage.files:
        dropped = set(file.lines).difference(file.kept) if file.compiled and file.kept is not None else set[int]()
        if not dropped:
            continue
        lines_by_guard: dict[Expression, list[int]] = {}
        for line, guard in _guards(file.path, texts, dropped).items():
            lines_by_guard.setdefault(guard, []).append(line)
        for guard, lines in lines_by_guard.items():
            where = f"{file.path}:{line_ranges(lines)}"
            if guard == NO:
                never = "#[cfg(test)]" if file.path.endswith(".rs") else "#if 0"
                sentences.append(f"{where} is never compiled: {never} or the like is around it.")
                continue
            why, needs = _why_not(sources, arch, values, guard), cut(str(guard), LONGEST_GUARD)
            sentences.append(f"{where} is in no configuration that was compiled: it needs {needs}{why}.")
    more = len(sentences) - MOST_SENTENCES
    return (*sentences[:MOST_SENTENCES], *([f"And {more} more such groups of lines."] if more > 0 else []))


def _why_not(sources: Sources, arch: str, values: Mapping[str, str], guard: Expression) -> str:
    """The solver's reason against a condition; empty where it knows a way, or nothing of it."""
    try:
        reason = solve(sources.kconfig(arch), guard, values, {}, Budget(untrusted.SOLVE_STEPS)).reason
    except (UsageError, TooMuchError):
        return ""
    return f"; {reason.replace('of this architecture', f'of {arch}')}" if reason else ""


def _dropping(coverage: Coverage, changed: Sequence[ChangedFile]) -> list[tuple[str, Expression]]:
    """Compiled files of which changed lines are dropped, each with what would keep them; each condition once."""
    texts = {file.path: file.source for file in changed}
    conditions: dict[tuple[str, Expression], None] = {}
    for file in coverage.files:
        dropped = set(file.lines).difference(file.kept) if file.compiled and file.kept is not None else None
        if dropped:
            conditions |= {(file.path, guard): None for guard in _guards(file.path, texts, dropped).values()}
    return list(conditions)


def _guards(path: str, texts: Mapping[str, str], wanted: Collection[int]) -> Mapping[int, Expression]:
    """What keeps lines of a file, in the language that it is written in."""
    text = texts.get(path, "")
    return rust_source.guards(text, wanted) if path.endswith(".rs") else guards.guards(text, wanted)


def compiled_there(
    sources: Sources, arch: str, values: Mapping[str, str], left: Sequence[tuple[str, Expression]]
) -> list[tuple[str, Expression]]:
    """The part of `left_out` that the wide configuration of another architecture compiles.

    Args:
        values: of the options there.
    """
    had = []
    for path, guard in left:
        try:
            rule = compiled_if(sources, path, arch) if path.endswith((".c", ".S")) else YES
        except UsageError:
            # Makefiles that nobody can read are not believed here.
            continue
        if rule is None or evaluate(rule, values, unknown=Tristate.Y) < Tristate.M:
            continue
        if evaluate(guard, values, unknown=Tristate.Y) >= Tristate.M:
            had.append((path, guard))
    return had
