"""The import contracts fail on a violation, and name the file and the line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow

TREE = {
    "mediaops_common/__init__.py": "",
    "mediaops_common/bus/__init__.py": "",
    "mediaops_common/bus/kafka/__init__.py": "",
    "mediaops_common/bus/kafka/clients.py": "import aiokafka\n",
    "mediaops_common/bus/kafka/bus.py": "from mediaops_common.bus.kafka import clients\n",
    "mediaops_ingest/__init__.py": "",
    "mediaops_insights/__init__.py": "",
    "mediaops_console/__init__.py": "",
    "mediaops_crm/__init__.py": "",
    "mediaops_content/__init__.py": "",
    "mediaops_content/channels/__init__.py": "",
    "mediaops_content/channels/service.py": "from mediaops_content.channels import repository\n",
    "mediaops_content/channels/repository.py": "from mediaops_content.channels import models\n",
    "mediaops_content/channels/models.py": "",
    "mediaops_content/contents/__init__.py": "",
    "mediaops_content/contents/api.py": "from mediaops_content.contents import service\n",
    "mediaops_content/contents/service.py": "from mediaops_content.channels import service\n",
    "mediaops_content/publications/__init__.py": "",
    "mediaops_content/workspaces/__init__.py": "",
}
"""A small tree that keeps every contract below."""

VIOLATIONS = {
    "a service imports another": (
        "services are independent",
        "mediaops_content/contents/service.py",
        "import mediaops_crm",
        "mediaops_content.contents.service -> mediaops_crm (l.3)",
    ),
    "common imports a service": (
        "common knows no service",
        "mediaops_common/bus/__init__.py",
        "import mediaops_content",
        "mediaops_common.bus -> mediaops_content (l.3)",
    ),
    "a call goes up": (
        "inside a feature of content, calls go down",
        "mediaops_content/channels/repository.py",
        "from mediaops_content.channels import service",
        "mediaops_content.channels.repository -> mediaops_content.channels.service (l.3)",
    ),
    "a feature uses the repository of another": (
        "the repository of content's channels is private",
        "mediaops_content/contents/service.py",
        "from mediaops_content.channels import repository",
        "mediaops_content.contents.service -> mediaops_content.channels.repository (l.3)",
    ),
    "a service knows Kafka": (
        "only the Kafka adapter of the bus knows aiokafka",
        "mediaops_content/contents/service.py",
        "import aiokafka",
        "mediaops_content.contents.service -> aiokafka (l.3)",
    ),
    "another file of the Kafka adapter knows aiokafka": (
        "only the Kafka adapter of the bus knows aiokafka",
        "mediaops_common/bus/kafka/bus.py",
        "import aiokafka",
        "mediaops_common.bus.kafka.bus -> aiokafka (l.3)",
    ),
    "a service names an HTTP client": (
        "nothing that runs names an HTTP client: what goes out goes through one module of common",
        "mediaops_content/contents/service.py",
        "import httpx",
        "mediaops_content.contents.service -> httpx (l.3)",
    ),
}


def contract(name: str) -> str:
    """The contract of that name as pyproject.toml has it."""
    blocks = (ROOT / "pyproject.toml").read_text().split("[[tool.importlinter.contracts]]\n")
    (block,) = [b for b in blocks if b.startswith(f'name = "{name}"')]
    return "[[tool.importlinter.contracts]]\n" + re.split(r"\n(?=[#\[])", block)[0]


def without_absent(text: str) -> str:
    """Packages that the small tree does without."""
    return re.sub(r', "mediaops_(simulator|bench)"', "", text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path, source in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f'"""A module."""\n{source}')
    return tmp_path


def lint(tree: Path, name: str) -> subprocess.CompletedProcess[str]:
    packages = sorted({path.partition("/")[0] for path in TREE})
    header = f"""\
        [tool.importlinter]
        root_packages = {packages}
        include_external_packages = true
        """
    (tree / "contracts.toml").write_text(dedent(header) + without_absent(contract(name)))
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter is not installed"
    return subprocess.run(
        [command, "--config", "contracts.toml", "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_is_reported_with_its_module_and_line(tree: Path, case: str) -> None:
    name, file, line, told = VIOLATIONS[case]
    clean = lint(tree, name)
    assert clean.returncode == 0, clean.stdout

    with (tree / file).open("a") as module:
        module.write("\n" * (2 - (tree / file).read_text().count("\n")) + line + "\n")
    broken = lint(tree, name)

    assert broken.returncode == 1, broken.stdout
    assert f"{name} BROKEN" in " ".join(broken.stdout.split())
    assert told in " ".join(broken.stdout.split())


def test_the_repository_keeps_all_of_its_contracts() -> None:
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter is not installed"
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout
