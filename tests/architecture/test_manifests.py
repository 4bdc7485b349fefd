"""Containers, compose file, units and Kubernetes manifests say the same, and say what the hub understands."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import telemetry
from hub.__main__ import _REFUSED, _UNAVAILABLE, _parser
from hub.web.app import MAX_BODY_BYTES, ROUTES
from hub.web.health import PROBES
from hub.workers.worker import STOP_S
from tests.architecture.tree import ROOT, modules

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
COMPOSE_FAX = yaml.safe_load((DEPLOY / "compose.fax.yaml").read_text().replace("!reset []", ""))
HUBS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("part2hub:")}
KUBERNETES = [
    document
    for path in sorted(DEPLOY.glob("kubernetes/**/*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
POD = yaml.safe_load((DEPLOY / "kubernetes" / "hub" / "pod.yaml").read_text())["spec"]["template"]["spec"]
DEPLOYMENTS = [each for each in KUBERNETES if each["kind"] == "Deployment" and each["metadata"]["name"] != "any"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command of the hub that some manifest starts, with where it stands."""
    yield "Containerfile", re.findall(r"\w+", re.findall(r"^CMD \[(.*)\]$", CONTAINERFILE, re.MULTILINE)[0])
    for name, service in HUBS.items():
        yield f"compose {name}", service["command"]
    for each in DEPLOYMENTS:
        yield f"kubernetes {each['metadata']['name']}", each["spec"]["template"]["spec"]["containers"][0]["args"]
    for unit in UNITS:
        yield unit.name, shlex.split(re.findall(r"^ExecStart=\S+/part2hub (.*)$", unit.read_text(), re.MULTILINE)[0])


@pytest.mark.parametrize(("place", "words"), list(commands()), ids=lambda each: each if isinstance(each, str) else "")
def test_what_is_started_is_a_command_of_the_hub(place: str, words: list[str]) -> None:
    assert _parser(words[0]).parse_args(words).run, place


def test_every_probe_asks_an_address_that_the_hub_answers() -> None:
    tests = " ".join(" ".join(service["healthcheck"]["test"]) for service in HUBS.values())
    asked = re.findall(r"127\.0\.0\.1:(?:8080|9464)(/\w+)", CONTAINERFILE + tests)
    for each in DEPLOYMENTS:
        for container in each["spec"]["template"]["spec"]["containers"]:
            asked += [probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")]
    assert len(asked) == 13
    assert set(asked) <= {route.path for route in PROBES}


def test_a_process_without_the_api_is_probed_where_its_setting_says() -> None:
    (settings,) = (each["configMapGenerator"][0]["literals"] for each in KUBERNETES if each["kind"] == "Kustomization")
    (port,) = (int(line.rpartition(":")[2]) for line in settings if line.startswith("HUB_PROBES="))
    for each in DEPLOYMENTS:
        (container,) = each["spec"]["template"]["spec"]["containers"]
        if container["args"][-1] != "api":
            assert {"name": "probes", "containerPort": port} in container["ports"]
            assert container["readinessProbe"]["httpGet"]["port"] == "probes"
            assert container["livenessProbe"]["httpGet"]["port"] == "probes"
    for name in ("worker", "intake"):
        listens = HUBS[name]["environment"]["HUB_PROBES"].rpartition(":")[2]
        assert f"127.0.0.1:{listens}/readyz" in " ".join(HUBS[name]["healthcheck"]["test"])


def test_the_proxy_takes_what_the_hub_takes_and_keeps_nothing_of_it() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    (mib,) = map(int, re.findall(r"client_max_body_size (\d+)m;", text))
    assert MAX_BODY_BYTES <= mib * 1024 * 1024 < MAX_BODY_BYTES + 1024 * 1024
    assert "proxy_request_buffering off;" in text
    assert "proxy_max_temp_file_size 0;" in text
    assert not {"$request", "$request_uri", "$args"} & set(re.findall(r"\$\w+", text)), (
        "a query string holds invitations"
    )
    assert "$uri" not in " ".join(re.findall(r"log_format.*", text))
    secret = {route.path.partition("{")[0] for route in ROUTES if "{token}" in route.path}
    assert secret == {cut for kept, cut in re.findall(r"^ +~\^(\S+) (\S+);$", text, re.MULTILINE) if kept == cut}
    (closed,) = re.findall(r"\^/\(([\w|]+)\)\$", text)
    assert {f"/{name}" for name in closed.split("|")} == {route.path for route in PROBES}


def test_what_prometheus_asks_is_where_the_units_listen() -> None:
    jobs = yaml.safe_load((DEPLOY / "monitoring" / "scrape.yaml").read_text())["scrape_configs"]
    asked = {job["job_name"]: set(job["static_configs"][0]["targets"]) for job in jobs}
    intake, worker = (
        re.findall(r"^Environment=HUB_PROBES=(\S+)$", (DEPLOY / "systemd" / unit).read_text(), re.MULTILINE)[0]
        for unit in ("part2hub-intake.service", "part2hub-worker@.service")
    )
    assert asked["part2hub-work"] == {intake, worker.replace("%i", "1"), worker.replace("%i", "2")}
    assert set(re.findall(r'job="([^"]+)"', (DEPLOY / "monitoring" / "alerts.yaml").read_text())) == set(asked)


def test_the_hub_is_nobody_and_writes_only_to_its_volumes() -> None:
    user = re.findall(r"^USER (\d+):\1$", CONTAINERFILE, re.MULTILINE)
    assert user
    assert set(HUBS) == {"api", "worker", "intake"}
    for service in COMPOSE["services"].values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert POD["securityContext"]["runAsNonRoot"]
    assert str(POD["securityContext"]["runAsUser"]) == user[0]
    for container in POD["containers"] + POD["initContainers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {kind for volume in POD["volumes"] for kind in volume} - {"name", "secret", "emptyDir"}
    assert f"chown {user[0]}:{user[0]} secrets/pgpass" in (DEPLOY / "bootstrap" / "secrets.sh").read_text()


def test_a_process_that_is_told_to_stop_has_the_time_to_finish_what_it_delivers() -> None:
    unit = re.findall(r"^TimeoutStopSec=(\d+)$", (DEPLOY / "systemd" / "hardening.conf").read_text(), re.MULTILINE)
    given = [*map(int, unit), POD["terminationGracePeriodSeconds"]]
    given += [int(service["stop_grace_period"].removesuffix("s")) for service in HUBS.values()]
    assert len(given) == 5
    waits = [each["spec"]["template"]["spec"]["containers"][0].get("lifecycle") for each in DEPLOYMENTS]
    before = max(int(each["preStop"]["exec"]["command"][1]) for each in waits if each)  # it is part of the time given
    assert min(given) >= STOP_S + before + 10


def test_what_only_a_person_can_mend_is_not_started_again_and_again() -> None:
    kept = re.findall(
        r"^RestartPreventExitStatus=(\d+)$", (DEPLOY / "systemd" / "hardening.conf").read_text(), re.MULTILINE
    )
    assert kept == [str(_REFUSED)]
    assert _UNAVAILABLE != _REFUSED, "a database that is starting is waited for"


def test_the_ports_are_the_same_in_the_image_the_compose_file_and_the_pods() -> None:
    (exposed,) = (line.split()[1:] for line in CONTAINERFILE.splitlines() if line.startswith("EXPOSE"))
    api, mllp = (str(port) for port in exposed)
    assert f"HUB_LISTEN=0.0.0.0:{api}" in CONTAINERFILE
    assert {line.rpartition(":")[2] for line in HUBS["api"]["ports"]} == {api}
    assert mllp in {line.rpartition(":")[2] for line in HUBS["intake"]["ports"]}
    pods = {
        port["name"]: str(port["containerPort"])
        for each in DEPLOYMENTS
        for port in each["spec"]["template"]["spec"]["containers"][0]["ports"]
    }
    assert (pods["http"], pods["mllp"]) == (api, mllp)
    for policy in (each for each in KUBERNETES if each["kind"] == "NetworkPolicy"):
        assert {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]} <= set(pods)


def test_a_container_without_a_fax_server_delivers_no_fax_into_a_folder_of_its_own() -> None:
    (settings,) = (each["configMapGenerator"][0]["literals"] for each in KUBERNETES if each["kind"] == "Kustomization")
    assert "HUB_FAX_SPOOL=" in settings
    assert all(service["environment"]["HUB_FAX_SPOOL"] == "" for service in HUBS.values())


def test_beside_a_fax_server_the_processes_find_the_databases_and_are_probed_where_they_listen() -> None:
    fixed = {
        f"{name}:{COMPOSE['services'][name]['networks']['inside']['ipv4_address']}" for name in ("postgres", "redis")
    }
    for service in COMPOSE_FAX["services"].values():
        assert service["network_mode"] == "host"
        assert set(service["extra_hosts"]) == fixed
    worker, intake = (COMPOSE_FAX["services"][name] for name in ("worker", "intake"))
    assert worker["scale"] == 1
    assert worker["environment"]["HUB_PROBES"] in " ".join(HUBS["worker"]["healthcheck"]["test"])
    assert intake["environment"]["HUB_PROBES"] in " ".join(intake["healthcheck"]["test"])


def test_the_image_holds_nothing_that_installs() -> None:
    _, final = CONTAINERFILE.rsplit("\nFROM ", 1)
    assert re.search(r"pip uninstall --yes .*pip setuptools wheel && rm -r \S*/ensurepip", final)


def test_the_image_runs_compiled_unless_told_otherwise_and_holds_no_compiler() -> None:
    stages = {}
    for stage in re.split(r"^FROM ", CONTAINERFILE, flags=re.MULTILINE)[1:]:
        line, _, steps = stage.partition("\n")
        stages[line.partition(" AS ")[2]] = (line.partition(" AS ")[0], steps)
    (default,) = re.findall(r"^ARG FORM=(\w+)$", CONTAINERFILE, re.MULTILINE)
    assert default == "compiled"
    assert "-m deploy.compiled" in stages[default][1]
    assert {name for name, (_, steps) in stages.items() if "gcc" in steps} == {default}
    # Whichever form is asked for, a wheel is all that comes out of its stage.
    assert stages["wheel"] == ("${FORM}", "\n")
    assert "build/wheel" in stages["source"][1]
    taken = {name: set(re.findall(r"--from=(\w+) (\S+)", steps)) for name, (_, steps) in stages.items()}
    assert taken["build"] == {("wheel", "/src/build/wheel")}
    assert taken[""] == {("build", "/opt/part2hub")}


def test_libraries_are_without_docstrings_and_the_hub_installed_after_them_has_its_own() -> None:
    build, final = re.split(r"^FROM .*$", CONTAINERFILE, flags=re.MULTILINE)[-2:]
    for steps in (build, (DEPLOY / "OPERATOR.md").read_text()):
        shortened = re.search(r"-m deploy\.bytecode \S*(/opt/part2hub|\.venv)/lib\b", steps)
        assert shortened is not None
        assert "pip install --no-deps" in steps[shortened.end() :]
        assert "pip install --no-deps" not in steps[: shortened.start()]
    assert 'bytecode.py "$stdlib"' in final


def test_the_volumes_of_the_image_are_mounted_where_the_settings_look() -> None:
    volumes = set(re.findall(r'"(/var/[^"]+)"', CONTAINERFILE))
    data, keys = re.findall(r"HUB_DATA=(\S+) HUB_KEYS=(\S+)", CONTAINERFILE)[0]
    assert volumes == {data, str(Path(keys).parent)}
    for service in HUBS.values():
        assert volumes <= {mount.split(":")[1] for mount in service["volumes"]}
    assert volumes <= {mount["mountPath"] for mount in POD["containers"][0]["volumeMounts"]}
    named = {volume["name"] for volume in POD["volumes"]}
    for container in POD["containers"] + POD["initContainers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= named


def test_one_version_is_named_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    kustomization = next(each for each in KUBERNETES if each["kind"] == "Kustomization")
    named = {service["image"] for service in HUBS.values()} | set(re.findall(r"part2hub:[\d.]+\d", CONTAINERFILE))
    assert named == {f"part2hub:{version}"}
    assert kustomization["images"] == [{"name": "part2hub", "newTag": version}]


def test_the_builder_gets_what_the_containerfile_copies_and_nothing_else() -> None:
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE) for word in line.split()
    }
    ignore = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == copied


def test_a_service_reaches_the_pods_and_ports_that_are_there() -> None:
    pods = {each["spec"]["template"]["metadata"]["labels"]["role"]: each for each in DEPLOYMENTS}
    for each in KUBERNETES:
        selector = each.get("spec", {}).get("selector", {})
        if each["kind"] == "Service":
            container = pods[selector["role"]]["spec"]["template"]["spec"]["containers"][0]
            assert {port["targetPort"] for port in each["spec"]["ports"]} <= {
                port["name"] for port in container["ports"]
            }
        if each["kind"] in {"NetworkPolicy", "PodDisruptionBudget"}:
            labels: Any = selector or each["spec"]["podSelector"]
            assert labels["matchLabels"]["role"] in pods


def test_what_kubernetes_applies_is_there() -> None:
    kustomization = next(each for each in KUBERNETES if each["kind"] == "Kustomization")
    for name in kustomization["resources"] + kustomization["components"]:
        assert (DEPLOY / "kubernetes" / name).exists()
    settings = dict(line.split("=", 1) for line in kustomization["configMapGenerator"][0]["literals"])
    keys = {mount["name"]: mount["mountPath"] for mount in POD["containers"][0]["volumeMounts"]}["keys"]
    assert {str(Path(settings[name]).parent) for name in ("HUB_KEYS", "PGPASSFILE")} == {keys}


def test_every_alert_asks_for_a_metric_and_a_kind_that_the_hub_has() -> None:
    (group,) = yaml.safe_load((DEPLOY / "monitoring" / "alerts.yaml").read_text())["groups"]
    asked = " ".join(rule["expr"] for rule in group["rules"])
    told = {sample.name for metric in telemetry.REGISTRY.collect() for sample in metric.samples}
    told |= {f"{metric.name}_total" for metric in telemetry.REGISTRY.collect() if metric.type == "counter"}
    told |= {metric.name for metric in telemetry.REGISTRY.collect()}
    assert set(re.findall(r"hub_\w+", asked)) <= told
    source = "\n".join((ROOT / path).read_text() for path in modules("hub"))
    for kind in re.findall(r'kind=~"([^"]+)"', asked)[0].split("|"):
        assert f'"{kind}"' in source, kind
