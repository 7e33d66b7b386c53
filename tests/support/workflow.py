"""A runner for the project's own workflows: real shell steps, in order, each job with a home and a folder of its own.

Jobs share what artifacts, caches and outputs carry, and nothing else. Of GitHub's expressions, actions and keys it
knows those that the workflows use; anything else is refused, so that a test never passes by what was left out.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.workflow_expressions import Value, evaluate, filled, truth

REPOSITORY = "hugh/pipeline"
"""Of the runner's user."""
_PINNED = re.compile(r"(actions/[a-z/-]+)@[0-9a-f]{40}")
_JOB_KEYS = {
    *("name", "needs", "if", "strategy", "runs-on", "timeout-minutes", "permissions", "env", "outputs", "steps"),
    "environment",
}
_STEP_KEYS = {"name", "id", "if", "uses", "with", "env", "run"}


@dataclass(frozen=True)
class Step:
    """How a step ended.

    Args:
        output: all that it printed.
        commands: workflow commands that the runner took from that.
    """

    job: str
    name: str
    status: int
    output: str
    commands: tuple[str, ...]


@dataclass
class Execution:
    """What a workflow left.

    Args:
        folder: of everything: `artifacts/`, `caches/`, `pages/` once they are published, and one folder for each job.
        results: `success`, `failure` or `skipped` by job; jobs of a matrix by their names.
    """

    folder: Path
    steps: list[Step] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    @property
    def summary(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("jobs/*/summary.md")))

    def step(self, name: str, job: str = "") -> Step:
        (step,) = [step for step in self.steps if step.name == name and job in ("", step.job)]
        return step


@dataclass(frozen=True)
class Runner:
    """Executes a workflow.

    Args:
        repository: what a checkout brings.
        environment: of every step, without HOME.
        inputs: of `workflow_dispatch`; None for a `repository_dispatch` with `payload`.
        variables: the repository's.
        skipped: names of steps that are left out.
        before: called with the name of a job before it starts.
    """

    repository: Path
    environment: Mapping[str, str]
    inputs: Mapping[str, Value] | None = None
    payload: Mapping[str, Value] = field(default_factory=dict)
    variables: Mapping[str, Value] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    before: Callable[[str], None] = lambda _: None

    def run(self, name: str, folder: Path) -> Execution:
        """Runs `.github/workflows/NAME.yml` with everything in `folder`."""
        workflow = yaml.safe_load((self.repository / f".github/workflows/{name}.yml").read_text())
        assert workflow["defaults"] == {"run": {"shell": "bash"}}
        # YAML 1.1 reads the key `on` as a boolean.
        declared = (workflow[True]["workflow_dispatch"] or {}).get("inputs", {})
        inputs = None
        if self.inputs is not None:
            assert self.inputs.keys() <= declared.keys()
            inputs = {key: self.inputs.get(key, definition.get("default")) for key, definition in declared.items()}
        execution = Execution(folder)
        context: dict[str, Any] = {
            "github": {
                "event": {"client_payload": self.payload},
                "repository": REPOSITORY,
                "token": "a token",
            },
            "inputs": inputs,
            "vars": self.variables,
            "needs": {},
        }
        for job_name, job in workflow["jobs"].items():
            assert job.keys() <= _JOB_KEYS, f"{job_name}: {job.keys() - _JOB_KEYS}"
            needed = job.get("needs", [])
            needed = [needed] if isinstance(needed, str) else needed
            own = {**context, "needs": {needed_job: context["needs"][needed_job] for needed_job in needed}}
            environment = {**workflow.get("env", {}), **job.get("env", {})}
            result, outputs = self._job(job_name, job, own, environment, execution)
            context["needs"][job_name] = {"result": result, "outputs": outputs}
        return execution

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        context: dict[str, Any],
        environment: Mapping[str, str],
        into: Execution,
    ) -> tuple[str, dict[str, Value]]:
        """A job, or all of its matrix; returns its result and outputs."""
        # A condition that asks for no status of the jobs before holds only after their success.
        asks = "cancelled()" in str(job.get("if", ""))
        good = all(job_result["result"] == "success" for job_result in context["needs"].values())
        if not (asks or good) or not _holds(job, context):
            into.results[name] = "skipped"
            return "skipped", {}
        if "strategy" not in job:
            machine = Machine(self, into, name, job, context, environment)
            into.results[name] = result = machine.run()
            return result, {key: filled(value, machine.context) for key, value in job.get("outputs", {}).items()}
        assert job["strategy"]["fail-fast"] is False
        matrix = filled(job["strategy"]["matrix"], context)
        assert isinstance(matrix, dict)
        assert list(matrix) == ["include"]
        assert 0 < len(matrix["include"]) <= 256
        results = set()
        for combination in matrix["include"]:
            own = {**context, "matrix": combination}
            label = str(filled(job["name"], own))
            into.results[label] = Machine(self, into, label, job, own, environment).run()
            results.add(into.results[label])
        return "success" if results == {"success"} else "failure", {}


class Machine:
    """One job on its own machine."""

    def __init__(
        self,
        runner: Runner,
        into: Execution,
        name: str,
        job: Mapping[str, Any],
        context: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> None:
        self.context: dict[str, Any] = {**context, "steps": {}}
        self._runner, self._into, self._name, self._job = runner, into, name, job
        self._environment = environment
        self._place = into.folder / "jobs" / re.sub(r"[^\w.-]", "_", name)
        self._checkout = self._place / "checkout"
        self._to_save: list[tuple[Path, Path]] = []
        for folder in ("home", "temp", "checkout"):
            (self._place / folder).mkdir(parents=True)

    def run(self) -> str:
        """Every step up to the first that fails; returns the job's result."""
        self._runner.before(self._name)
        for number, step in enumerate(self._job["steps"]):
            assert step.keys() <= _STEP_KEYS, step.keys() - _STEP_KEYS
            if step.get("name") in self._runner.skipped or not _holds(step, self.context):
                continue
            if "uses" in step:
                options = {key: str(filled(value, self.context)) for key, value in step.get("with", {}).items()}
                outputs = self._use(step["uses"], options)
                self.context["steps"][step.get("id", "")] = {"outputs": outputs}
            elif not self._shell(step, number):
                return "failure"
        for source, target in self._to_save:
            if source.exists() and not target.exists():
                shutil.copytree(source, target, symlinks=True)
        return "success"

    def _use(self, action: str, options: Mapping[str, str]) -> Mapping[str, str]:
        """What a named action does; returns its outputs."""
        if action == "./.github/actions/setup":
            # It installs what this machine has.
            declared = yaml.safe_load((self._checkout / action / "action.yml").read_text()).get("inputs", {})
            assert options.keys() <= declared.keys()
            return {}
        pinned = _PINNED.fullmatch(action)
        assert pinned, f"{action} is not pinned by a digest"
        match pinned[1]:
            case "actions/checkout":
                assert options == {"persist-credentials": "False"}
                shutil.copytree(self._runner.repository, self._checkout, dirs_exist_ok=True)
            case "actions/cache" | "actions/cache/restore" as kind:
                assert options.keys() - {"restore-keys"} == {"path", "key"}
                self._cache(options["path"], options["key"], save=kind == "actions/cache")
            case "actions/upload-artifact":
                assert options.keys() == {"name", "path", "overwrite"}
                assert not re.search(r'["\\:<>|*?\r\n/]', options["name"]), options["name"]
                shutil.copytree(self._checkout / options["path"], self._into.artifacts / options["name"])
            case "actions/download-artifact":
                self._download(**options)
            case "actions/upload-pages-artifact":
                assert options.keys() == {"path"}
                shutil.copytree(self._checkout / options["path"], self._into.artifacts / "github-pages")
            case "actions/deploy-pages":
                assert not options
                permissions = self._job["permissions"]
                assert (permissions["pages"], permissions["id-token"]) == ("write", "write")
                shutil.copytree(self._into.artifacts / "github-pages", self._into.folder / "pages")
                return {"page_url": "https://hugh.github.io/pipeline/"}
            case unknown:
                raise AssertionError(f"no idea what {unknown} does")
        return {}

    def _cache(self, path: str, key: str, *, save: bool) -> None:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", key), key
        stored = self._into.folder / "caches" / key
        if stored.is_dir():
            shutil.copytree(stored, self._checkout / path, symlinks=True)
        elif save:
            self._to_save.append((self._checkout / path, stored))

    def _download(self, path: str, name: str = "", pattern: str = "") -> None:
        """One artifact into `path`, or each that matches into a folder of its name."""
        if name:
            shutil.copytree(self._into.artifacts / name, self._checkout / path)
            return
        for artifact in sorted(self._into.artifacts.iterdir()):
            if fnmatch.fnmatchcase(artifact.name, pattern):
                shutil.copytree(artifact, self._checkout / path / artifact.name)

    def _shell(self, step: Mapping[str, Any], number: int) -> bool:
        """Whether a shell step ended well."""
        assert "${{" not in step["run"], "an expression in a script is text that anybody may have written"
        script, outputs = self._place / f"step-{number}.sh", self._place / f"outputs-{number}"
        script.write_text(step["run"])
        outputs.touch()
        given = {**self._environment, **step.get("env", {})}
        environment = {
            **self._runner.environment,
            **{name: _text(filled(value, self.context)) for name, value in given.items()},
            "HOME": str(self._place / "home"),
            "TMPDIR": str(self._place / "temp"),
            "RUNNER_TEMP": str(self._place / "temp"),
            "GITHUB_ACTOR": "hugh",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(self._place / "summary.md"),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self._checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        self._into.steps.append(Step(self._name, step["name"], done.returncode, output, commands_in(output)))
        if "id" in step:
            self.context["steps"][step["id"]] = {"outputs": _outputs(outputs.read_text())}
        return done.returncode == 0


def _holds(part: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Whether the condition of a job or step holds."""
    condition = str(part.get("if", "true"))
    return truth(evaluate(condition.removeprefix("${{").removesuffix("}}"), context))


def commands_in(output: str) -> tuple[str, ...]:
    """The workflow commands that a runner takes from what a step printed, but for those that stop and resume it.

    `::name …::` counts at the start of a line, blanks before it or not; the older `##[name …]` anywhere.
    """
    taken, resume = [], ""
    for line in re.split(r"\r\n|\r|\n", output):
        match = re.match(r"\s*::([\w-]+)[^:]*::(.*)", line) or re.search(r"##\[([\w-]+)[^\]]*\](.*)", line)
        if resume:
            resume = "" if match and match[1] == resume else resume
        elif match and match[1] == "stop-commands":
            resume = match[2]
        elif match:
            taken.append(line)
    return tuple(taken)


def _outputs(text: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in text.splitlines()]
    assert all(equals and re.fullmatch(r"[a-z-]+", name) for name, equals, _ in pairs), text
    assert len({name for name, _, _ in pairs}) == len(pairs), text
    return {name: value for name, _, value in pairs}


def _text(value: Value) -> str:
    """A value as a runner puts it into an environment variable."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
