"""compose.yaml is what it promises to be, as far as reading it can tell."""

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from mediaops_common.cli.init_env import init_env

from tests.rehearsal.composed import JOB, ROOT, VARIABLE, containers_of, read_env, resolved

SERVICES = ("ingest", "content", "crm", "insights")
OBSERVING = {"prometheus", "grafana"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    """What `mediaops init-env` wrote."""
    folder = tmp_path_factory.mktemp("environment")
    init_env(folder)
    return read_env(folder / ".env")


@pytest.fixture(scope="module")
def file(environment) -> dict[str, Any]:
    return resolved(environment)


def test_it_keeps_the_published_schema() -> None:
    """The Compose Specification's own, as check-jsonschema carries it (Apache-2.0)."""
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_twelve_containers_run_and_the_jobs_end(environment) -> None:
    base = containers_of(environment)
    running = {name for name, container in base.items() if not container.is_job}
    roles = {f"{service}-{role}" for service in SERVICES for role in ("api", "worker")}
    assert running == roles | {"gateway", "console", "kafka", "postgres"}
    assert len(running) <= 12
    jobs = {name for name, container in base.items() if container.is_job}
    assert jobs == {"topics", *(f"{service}-migrate" for service in SERVICES)}
    observed = containers_of(environment, "observability")
    assert observed.keys() - base.keys() == OBSERVING


def test_three_brokers_are_one_cluster_that_survives_one(tmp_path) -> None:
    init_env(tmp_path, brokers=3)
    environment = read_env(tmp_path / ".env")
    assert environment["COMPOSE_PROFILES"] == "three-brokers"
    found = containers_of(environment, *environment["COMPOSE_PROFILES"].split(","))
    brokers = [found[name].environment for name in ("kafka", "kafka-2", "kafka-3")]
    assert [broker["KAFKA_NODE"] for broker in brokers] == ["1", "2", "3"]
    voters = {f"{b['KAFKA_NODE']}@{b['KAFKA_HOST']}:9093" for b in brokers}
    for broker in brokers:
        assert set(broker["KAFKA_VOTERS"].split(",")) == voters
        assert (broker["KAFKA_REPLICATION"], broker["KAFKA_MIN_INSYNC"]) == ("3", "2")
    volumes = {
        found[name].mounts["/var/lib/kafka/data"] for name in ("kafka", "kafka-2", "kafka-3")
    }
    assert len(volumes) == 3
    for service in SERVICES:
        settings = found[f"{service}-worker"].environment
        assert settings["MEDIAOPS_BUS_URL"] == "kafka://kafka:9092,kafka-2:9092,kafka-3:9092"
        assert settings["MEDIAOPS_BUS_REPLICATION"] == "3"
        assert settings["MEDIAOPS_BUS_MIN_INSYNC"] == "2"


def test_no_container_may_more_than_it_must(file) -> None:
    wrong = []
    for name, service in file["services"].items():
        rules = {
            "is root": not re.match(r"(0|root)?(:|$)", service.get("user", "")),
            "writes its file system": service["read_only"],
            "has capabilities": service["cap_drop"] == ["ALL"] and "cap_add" not in service,
            "gains privileges": "no-new-privileges:true" in service["security_opt"],
            "is privileged": not service.get("privileged"),
            "has no memory limit": re.fullmatch(r"\d+[mg]", service.get("mem_limit", "")),
            "has no limit of processes": service["pids_limit"],
            "is on the host's network": "network_mode" not in service,
        }
        wrong += [f"{name} {rule}" for rule, is_kept in rules.items() if not is_kept]
    assert wrong == []


def test_what_is_kept_is_in_named_volumes(file) -> None:
    mounted = [v for s in file["services"].values() for v in s.get("volumes", [])]
    named = {v.split(":")[0] for v in mounted if not v.startswith("./")}
    assert named == set(file["volumes"])
    from_here = [v for v in mounted if v.startswith("./")]
    assert [v for v in from_here if not v.endswith(":ro")] == []
    assert [v for v in from_here if not (ROOT / v.split(":")[0]).exists()] == []


def test_every_start_is_gated_by_health_or_the_end_of_a_job(file) -> None:
    services = file["services"]
    for name, service in services.items():
        conditions = {how["condition"] for how in service.get("depends_on", {}).values()}
        assert conditions <= {"service_healthy", JOB}, name
        is_job = service["restart"] == "no"
        assert is_job or "test" in service["healthcheck"], f"{name} has no check"
    for service in SERVICES:
        # Webhooks are taken without a broker, at the first start too.
        assert services[f"{service}-api"]["depends_on"].keys() == {f"{service}-migrate"}
        after = services[f"{service}-worker"]["depends_on"]
        assert after.keys() == {f"{service}-migrate", "topics"}
        assert services[f"{service}-migrate"]["depends_on"].keys() == {"postgres"}
    assert set(services["gateway"]["depends_on"]) == {"console", *(f"{s}-api" for s in SERVICES)}


def test_only_the_front_is_published_and_only_the_front_is_reached(file) -> None:
    services = file["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:8000:8080"], "grafana": ["127.0.0.1:3000:3000"]}
    assert file["networks"]["data"]["internal"]
    assert services["gateway"]["networks"] == ["web"]
    for name in ("kafka", "postgres"):
        assert services[name]["networks"] == ["data"]


def test_what_asks_a_hub_or_an_address_of_ours_reaches_the_outside(file) -> None:
    """Leases at hubs are renewed by the worker, a sample goes to the hook from the API."""
    for name in ("ingest-worker", "ingest-api"):
        reached = file["services"][name]["networks"]
        assert any(not file["networks"][network].get("internal") for network in reached), name


def test_brokers_may_run_the_library_that_they_unpack(file) -> None:
    """zstd, in which everything is published, is a library that Java unpacks into /tmp; an engine
    mounts that without the right to execute unless it is told otherwise."""
    for name in ("kafka", "kafka-2", "kafka-3"):
        assert file["services"][name]["tmpfs"] == ["/tmp:exec"], name


def test_who_sends_or_reads_slowly_does_not_use_up_the_gateway(file) -> None:
    """A body that is not whole yet is a file in a folder that counts as memory."""
    gateway = file["services"]["gateway"]
    conf = (ROOT / "deploy/gateway/nginx.conf").read_text()
    folder = re.fullmatch(r"/tmp:size=(\d+)m", gateway["tmpfs"][0])
    assert folder is not None
    assert 2 * int(folder[1]) < int(gateway["mem_limit"].removesuffix("m"))
    assert re.search(r"^ +client_body_temp_path /tmp/body;$", conf, re.M)
    assert re.search(r"^ +proxy_max_temp_file_size 0;$", conf, re.M)
    most = {name: int(n) for name, n in re.findall(r"^ *(worker_\w+) (\d+);$", conf, re.M)}
    assert most["worker_rlimit_nofile"] > 2 * most["worker_connections"]


def test_the_gateway_counts_no_cores_that_are_not_its_own() -> None:
    conf = (ROOT / "deploy/gateway/nginx.conf").read_text()
    workers = re.search(r"^worker_processes (\w+);$", conf, re.M)
    assert workers is not None
    assert workers[1] in ("1", "2", "3", "4")


def test_ports_of_the_gateway_are_used_again_at_once(file) -> None:
    """What this does: test_ports.py."""
    given = file["services"]["gateway"]["sysctls"]
    first, last = map(int, given["net.ipv4.ip_local_port_range"].split())
    assert given["net.ipv4.tcp_tw_reuse"] == "1"
    assert last - first > 50_000
    assert first > 8080, "it listens there"


def test_postgresql_has_memory_for_all_of_its_connections(file) -> None:
    conf = (ROOT / "deploy/postgresql/postgresql.conf").read_text()
    connections = re.search(r"^max_connections = (\d+)$", conf, re.M)
    shared = re.search(r"^shared_buffers = (\d+)MB$", conf, re.M)
    assert connections is not None
    assert shared is not None
    most = (int(connections[1]) * 4 + int(shared[1])) << 20
    assert most < int(file["services"]["postgres"]["mem_limit"].removesuffix("g")) << 30


def test_secrets_are_files_and_each_container_has_only_its_own(file) -> None:
    secret = re.compile(r"password|secret|token|key", re.IGNORECASE)
    for name, service in file["services"].items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable) and not variable.endswith("_LEEWAY_SECONDS"):
                assert value.startswith("/run/secrets/"), f"{name}: {variable}"
        mounted = set(service.get("secrets", []))
        owner = name.rpartition("-")[0]
        if owner in SERVICES:
            foreign = {s for other in SERVICES if other != owner for s in (other, f"{other}_owner")}
            assert not mounted & (foreign | {"superuser", "grafana"}), name
            # The role that owns the tables is known to the job that migrates them.
            assert (f"{owner}_owner" in mounted) == name.endswith("-migrate")
        assert "token_private" not in mounted
    assert {source["file"].split("/")[1] for source in file["secrets"].values()} == {"secrets"}


def test_every_secret_is_written_beforehand(file, tmp_path) -> None:
    init_env(tmp_path)
    for name, source in file["secrets"].items():
        assert (tmp_path / source["file"]).is_file(), name


def test_without_init_env_it_does_not_start(environment) -> None:
    for name in ("RUN_AS", "KAFKA_CLUSTER_ID", "KAFKA_BROKERS", "PUBLIC_URL", "GATEWAY_LISTEN"):
        with pytest.raises(LookupError, match="run mediaops init-env first"):
            resolved({**environment, name: ""})


GUIDE = ROOT / "docs/guides/compose.md"


def test_every_variable_is_written_beforehand_or_told(environment) -> None:
    used = {match[1] for match in VARIABLE.finditer((ROOT / "compose.yaml").read_text())} - {None}
    told = set(re.findall(r"`([A-Z_]+)`", GUIDE.read_text()))
    assert used - environment.keys() - told == set()


def test_the_guide_tells_the_memory_of_each_container(environment) -> None:
    rows = re.findall(r"^\| `([\w-]+)`[^|]*\|[^|]*\| (\d+) ([MG])B", GUIDE.read_text(), re.M)
    told = {name: int(number) << {"M": 20, "G": 30}[unit] for name, number, unit in rows}
    for name, container in containers_of(environment).items():
        if not container.is_job:
            service = re.sub("^(ingest|content|crm|insights)-", "SERVICE-", name)
            assert container.memory == told[service], name


def test_every_image_has_a_version_and_kafka_that_of_the_tests(file) -> None:
    images = {name: service["image"] for name, service in file["services"].items()}
    assert [n for n, image in images.items() if not re.search(r":v?\d+\.\d+", image)] == []
    pom = (ROOT / "deploy/kafka/pom.xml").read_text()
    tested = re.search(r"kafka_2.13</artifactId>\s*<version>([\d.]+)", pom)
    assert tested is not None
    assert images["kafka"] == images["kafka-3"] == f"apache/kafka:{tested[1]}"
    project = tomllib.loads((ROOT / "libs/common/pyproject.toml").read_text())["project"]
    for service in SERVICES:
        assert images[f"{service}-api"] == f"mediaops-{service}:{project['version']}"


def test_a_setting_that_is_set_is_a_setting(file) -> None:
    known = set(re.findall(r"`(MEDIAOPS_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text()))
    for name, service in file["services"].items():
        given = {v for v in service.get("environment", {}) if v.startswith("MEDIAOPS_")}
        assert given <= known, name
