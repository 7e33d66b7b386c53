"""Files of code and makefiles that a series touches on one tree, and the objects that show them at every state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cached_property
from itertools import chain

from pipeline.kernel.architectures import architecture
from pipeline.kernel.buildhost import BuildHost
from pipeline.kernel.commands import is_kconfig, is_of_kernel
from pipeline.kernel.sources import Sources
from pipeline.measure import changed_files, lines_digest
from pipeline.model import Applied, SourceState, TouchedFile
from pipeline.objects.choose import (
    MOST_BESIDE,
    MOST_ELSEWHERE,
    MOST_INCLUDERS,
    Configured,
    chosen,
    sources_of,
    values_of,
)
from pipeline.objects.device_tree import blob, included, is_device_tree
from pipeline.objects.includers import DEVICE_TREE, C, Includers, Language, Lost, lost_of
from pipeline.objects.options import MOST_KCONFIGS, changed_options, files_of_options
from pipeline.objects.rust import is_rust
from pipeline.plan.concerned import X86_64, architectures, code_files, makefiles
from pipeline.plan.configurations import config_digest, configuration_origins
from pipeline.system.errors import UsageError
from pipeline.system.git import Repository
from pipeline.system.store import Key
from pipeline.system.untrusted import TooMuchError

_VERSION = 5
"""Raised whenever other files are taken for those that include a header, or others show a file."""


class TouchedCode:
    """The code that a series touches.

    Args:
        host: store and worktrees.
        repository: holds the series' states.
        applied: the series on the tree.
    """

    def __init__(self, host: BuildHost, repository: Repository, applied: Applied) -> None:
        self._host = host
        self._repository = repository
        self._applied = applied
        self._origins = configuration_origins(applied.states)
        base, last = applied.states[0], applied.states[-1]
        # Also what a later patch takes back.
        touched = set(applied.changed)
        trees = sorted(path for path in touched if is_device_tree(path))
        kconfigs = sorted(path for path in touched if is_kconfig(path) and is_of_kernel(path) and "/" in path)
        self.files = (*code_files(touched), *trees, *makefiles(touched), *kconfigs)
        self.changed = changed_files(repository, base.commit, last.commit)
        # Seen from the end, the base is what adds them.
        self.removed = tuple(file for file in changed_files(repository, last.commit, base.commit) if file.lines)
        self._sources: dict[str, Sources] = {}
        self.no_rust = ""
        """Why none of its Rust is compiled; empty where it is."""
        self.changed_digest = lines_digest(self.changed)
        self.removed_digest = lines_digest(self.removed)
        self._includers: Mapping[str, Sequence[str]] = {}
        self._stand_ins: Sequence[str] = ()

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The touched files of code, with C files of options whose entries the series changes."""
        of_options = (path for paths in self._of_options.values() for path in paths)
        return (*(path for path in self.files if not is_kconfig(path)), *of_options)

    @cached_property
    def gone(self) -> frozenset[str]:
        """The touched files that the base has and the last state has not, moved ones among them."""
        base, last = (self._present[self._applied.states[at].patch] for at in (0, -1))
        return base - last

    @cached_property
    def rust(self) -> tuple[str, ...]:
        """The touched files that nothing but a configuration with Rust compiles."""
        return tuple(path for path in self.files if is_rust(path))

    @cached_property
    def _of_options(self) -> Mapping[str, Sequence[str]]:
        """C files of changed options, by Kconfig file; after the last patch."""
        states = self._applied.states
        found = {}
        for path in [path for path in self.files if is_kconfig(path)][:MOST_KCONFIGS]:
            before, after = (self.sources_at(state).read(path) for state in (states[0], states[-1]))
            with suppress(UsageError, TooMuchError):
                # Makefiles that nobody can read are told where their files are not compiled.
                paths = files_of_options(self.sources_at(states[-1]), X86_64, path, changed_options(before, after))
                found[path] = tuple(other for other in paths if other not in self.files)
        return found

    def find_includers(self) -> None:
        """Finds the files that include the series' headers, first those that still include one which is gone.

        The caller holds the worktree's lock.
        """
        self._includers = {**self._includers, **self._of_options}
        headers = [path for path in self.files if path.endswith(".h")]
        if headers:
            self._includers = {**self._includers, **self._including(headers, C)}
        self._find_device_trees()
        if gone := [path for path in headers if path not in self._present[self._applied.states[-1].patch]]:
            # They are broken, unless they find another header of that name.
            for header, left_behind in self._still_including(gone).items():
                others = [*left_behind, *self._includers.get(header, ())]
                self._includers = {**self._includers, header: tuple(dict.fromkeys(others))}

    def _find_device_trees(self) -> None:
        """Finds the device trees that include the series', and on the base one for each new board.

        What is said of a SoC's files there is not said of the new board that includes them.
        """
        base, last = (self._present[self._applied.states[at].patch] for at in (0, -1))
        there = [path for path in self.files if is_device_tree(path) and path in last]
        names = [f"{self._applied.states[-1].commit}:{path}" for path in there]
        contents = self._repository.blobs(names) if names else []
        texts = dict(zip(there, (text.decode("utf-8", "replace") for text in contents), strict=True))
        parts = {path: included(path, texts) for path in there if blob(path)}
        beneath = {path: [name for name in parts[path] if name not in texts] for path in parts if path not in base}
        asked = [path for path in self.files if is_device_tree(path) and not blob(path)]
        asked += [name for name in dict.fromkeys(chain.from_iterable(beneath.values())) if name not in asked]
        found = self._including(asked, DEVICE_TREE) if asked else {}
        own = {name: [path for path in parts if name in parts[path]] for name in asked}
        both = {name: tuple(dict.fromkeys([*own[name], *found.get(name, ())])) for name in asked}
        self._includers = {**self._includers, **both}
        others = {path: [other for other in found.get(path, ()) if other not in self.files] for path in asked}
        chosen_ones = (next((others[name][0] for name in names if others[name]), "") for names in beneath.values())
        self._stand_ins = [*dict.fromkeys(filter(None, chosen_ones))][:MOST_BESIDE]

    def chosen(
        self, arch: str, configs: Mapping[int, str], also: Collection[str] = ()
    ) -> dict[int, tuple[TouchedFile, ...]]:
        """The touched files that are there at each state, with what shows them, by patch number.

        Args:
            arch: of the configurations.
            configs: of the states that are asked about, by patch number.
            also: files that are wanted, whether they are touched or not.
        """
        others = sorted(set(also).difference(self.files))
        folder = f"arch/{architecture(arch).folder}/"
        stand_ins = [
            TouchedFile(path, (blob(path),), touched=False) for path in self._stand_ins if path.startswith(folder)
        ]
        known: dict[tuple[int, frozenset[str]], tuple[TouchedFile, ...]] = {}
        files = {}
        for state in self._applied.states:
            if state.patch not in configs:
                continue
            origin, there = self._origins[state.patch], self._present[state.patch]
            if (origin.patch, there) not in known:
                # Headers get their share of the room wherever they are, so that the same objects are compared.
                code = [path for path in self.files if path in there or path.endswith(".h")]
                gone = set(self.files).difference(there)
                includers = {
                    path: tuple(other for other in others if other not in gone)
                    for path, others in self._includers.items()
                }
                shown = self._shown(origin, arch, configs[state.patch], code, includers)
                known[origin.patch, there] = (
                    *(file for file in shown if file.targets or file.path in there),
                    *self._untouched(origin, arch, configs[state.patch], others),
                    *stand_ins,
                )
            files[state.patch] = known[origin.patch, there]
        return files

    def _shown(
        self, origin: SourceState, arch: str, config: str, code: Sequence[str], includers: Mapping[str, Sequence[str]]
    ) -> tuple[TouchedFile, ...]:
        """What shows files in one configuration; stored, since makefiles and Kconfig files are read for it."""
        asked = {"tree": origin.tree_id, "arch": arch, "config": config_digest(config), "code": [*code]}
        asked |= {"no_rust": self.no_rust} if self.no_rust and self.rust else {}
        listed = {path: [*others] for path, others in includers.items()}
        most = MOST_INCLUDERS if arch in architectures(self.code) else MOST_ELSEWHERE
        key = Key("chosen", {**asked, "includers": listed, "most": most, "version": _VERSION})
        if entry := self._host.store.get(key):
            try:
                return tuple(
                    TouchedFile(str(file["path"]), tuple(map(str, file["targets"])), reason=str(file["reason"]))
                    for file in entry.value
                )
            except (KeyError, TypeError) as error:
                self._host.store.drop(key, str(error))
        configured = Configured(self.sources_at(origin), arch, values_of(config), self.no_rust)
        shown = chosen(configured, code, includers, most)
        self._host.store.put(key, [asdict(file) for file in shown], {})
        return shown

    def _untouched(self, origin: SourceState, arch: str, config: str, paths: Sequence[str]) -> tuple[TouchedFile, ...]:
        """What shows files that the series leaves alone, of those that the tree has."""
        there = [path for path in paths if path in self.sources_at(origin).files] if paths else []
        configured = Configured(self.sources_at(origin), arch, values_of(config)) if there else None
        return tuple(replace(configured.targets(path), touched=False) for path in there if configured)

    def targets(self, files: Sequence[TouchedFile]) -> dict[str, str]:
        """Objects that show files, each with the source that it is compiled from."""
        return sources_of(files, self._includers)

    @cached_property
    def _present(self) -> Mapping[int, frozenset[str]]:
        """The touched files that are there, by patch number."""
        return {state.patch: self._present_at(state) for state in self._applied.states}

    def _present_at(self, state: SourceState) -> frozenset[str]:
        listed = self._repository.out("ls-tree", "-r", "-z", state.commit, "--", *self.files)
        entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
        return frozenset(path for about, _, path in entries if about.startswith("100")).intersection(self.files)

    def _including(self, headers: Sequence[str], language: Language) -> dict[str, tuple[str, ...]]:
        """Files that include others, on the base; they are looked for once."""
        tree, base = self._applied.tree, self._applied.states[0]
        last = self._applied.states[-1]
        asked = {"tree": base.tree_id, "headers": [*headers], "after": last.tree_id, "of": language.compiled}
        key = Key("includers", {**asked, "version": _VERSION})
        if known := self._host.store.get(key):
            return {header: tuple(paths) for header, paths in known.value.items()}
        self._host.move(tree, base)
        checkout = Repository(self._host.worktree_folder(tree))
        includers = Includers(checkout, language).of(headers, self.changed, self._lost(headers))
        self._host.store.put(key, {header: [*paths] for header, paths in includers.items()}, {})
        return includers

    def _lost(self, headers: Sequence[str]) -> dict[str, Lost]:
        """Names that each of `headers` loses by the last patch; none of new or removed headers."""
        base, last = self._applied.states[0], self._applied.states[-1]
        both = self._present[base.patch] & self._present[last.patch]
        kept = [header for header in headers if header in both]
        names = [f"{commit}:{header}" for header in kept for commit in (base.commit, last.commit)]
        texts = [text.decode("utf-8", "replace") for text in self._repository.blobs(names)] if names else []
        return {header: lost_of(*texts[2 * at : 2 * at + 2]) for at, header in enumerate(kept)}

    def _still_including(self, gone: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Files that after the last patch include headers which are gone."""
        tree, last = self._applied.tree, self._applied.states[-1]
        key = Key("left-behind", {"tree": last.tree_id, "headers": [*gone], "version": _VERSION})
        if known := self._host.store.get(key):
            return {header: tuple(paths) for header, paths in known.value.items()}
        self._host.move(tree, last)
        found = Includers(Repository(self._host.worktree_folder(tree)), C).left_behind(gone)
        self._host.store.put(key, {header: [*paths] for header, paths in found.items()}, {})
        return found

    def sources_at(self, state: SourceState) -> Sources:
        """Makefiles and Kconfig files of a state."""
        if state.commit not in self._sources:
            self._sources[state.commit] = Sources(self._repository, state.commit)
        return self._sources[state.commit]
