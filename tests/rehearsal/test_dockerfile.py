"""The Dockerfile: linted, and its steps run without an engine."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rehearsal.composed import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
SERVICES = ("ingest", "content", "crm", "insights", "console")
STAGES = re.split(r"^FROM .*$", TEXT, flags=re.M)[1:]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [hadolint, "--failure-threshold", "style", "Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_stage_begins_with_a_slim_image_of_one_version() -> None:
    assert re.findall(r"^FROM (\S+)", TEXT, re.M) == ["python:${PYTHON}"] * 2
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-slim-\w+$", TEXT, re.M)


def test_the_last_stage_runs_nothing_as_root_and_takes_only_what_was_installed() -> None:
    last = STAGES[-1]
    assert re.findall(r"^USER (\d+):(\d+)$", last, re.M) == [("10001", "10001")]
    assert re.findall(r"^(?:COPY|ADD) (.+)$", last, re.M) == [
        "--from=build /opt/mediaops /opt/mediaops"
    ]
    assert not re.search(r"^RUN", last, re.M)


def steps(service: str) -> list[list[str]]:
    """The instructions of the first stage, each as its words."""
    joined = STAGES[0].replace("\\\n", " ").replace("${SERVICE}", service)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [line.split(None, 1) for line in lines]


def build(service: str, folder: Path) -> Path:
    """Carries them out in `folder`; returns the environment that the image gets."""
    source = folder / "source"
    places = {"/source": source, "/opt": folder / "opt"}
    source.mkdir()
    environment = {name: v for name, v in os.environ.items() if "MEDIAOPS" not in name}
    environment["PATH"] = os.pathsep.join([str(_python_named_python(folder)), os.environ["PATH"]])
    for instruction, words in steps(service):
        if instruction == "COPY":
            *sources, target = words.split()
            for name in sources:
                _copy(ROOT / name, source / (name if target == "./" else target))
        elif instruction == "RUN":
            for place, here in places.items():
                words = re.sub(rf"(?<![\w.]){place}(?=/)", shlex.quote(str(here)), words)
            done = subprocess.run(
                ["sh", "-euc", words],
                cwd=source,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
        else:
            assert instruction in ("ARG", "WORKDIR"), instruction
    return folder / "opt/mediaops"


def _python_named_python(folder: Path) -> Path:
    """The images call it so; a machine may not."""
    place = folder / "bin"
    place.mkdir()
    (place / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")
    return place


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.nightly
@pytest.mark.timeout(2_400)
@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_service_and_common_and_nothing_of_the_others(service, tmp_path) -> None:
    installed = build(service, tmp_path)
    python = installed / "bin/python"
    listed = subprocess.run(
        [python, "-c", LIST], capture_output=True, text=True, check=True, env={}
    ).stdout.split()
    ours = {line for line in listed if line.startswith("mediaops")}
    assert ours == {"mediaops-common", f"mediaops-{service}"}
    assert {"hatchling", "editables", "pip", "pytest"}.isdisjoint(listed)
    command = [installed / "bin/mediaops", "serve", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
    served = ["console", *SERVICES[:4]]
    for other in set(served) - {service}:
        found = subprocess.run(
            [python, "-c", f"import mediaops_{other}"], capture_output=True, check=False, env={}
        )
        assert found.returncode != 0, f"{other} is in the image of {service}"


LIST = "from importlib.metadata import distributions as d; print(*(x.name for x in d()), sep='\\n')"
