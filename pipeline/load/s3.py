"""Objects in an S3 bucket, or in any S3-compatible store with conditional writes.

One object is one PutObject of bytes that are complete in memory: a streaming writer that fails
half-way would publish a short object. Credentials come from boto3's default chain alone
(environment, profile, OIDC role). botocore's standard mode retries transient faults (jittered,
bounded); a 409 of racing writers is retried here. Every process has its own client: one that
is shared after a fork would mix the answers of two processes. Requests are counted as they leave,
with retries.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NotConnected

from pipeline.errors import ConfigError, Conflict, Corrupt, StorageRefused
from pipeline.load.s3_errors import explain, is_transient
from pipeline.load.storage import Stat, Storage, Unanswered, Version

_VERBS = {
    "PutObject": "PUT",
    "GetObject": "GET",
    "HeadObject": "HEAD",
    "ListObjectsV2": "LIST",
    "ListObjectVersions": "VERSIONS",
    "DeleteObject": "DELETE",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".pdf": "application/pdf",
    ".json": "application/json",
}
"""Content types of what a browser shows: without one it would save a report as a file."""
_ATTEMPTS = 5
_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}
_REFUSED = {"PreconditionFailed", "412"}
_RACING = {"ConditionalRequestConflict", "OperationAborted", "409"}
_UNANSWERED = (NotConnected, HTTPClientError, IncompleteReadError, FlexibleChecksumError)

# a session opens one client at a time; held over a fork, so that no child inherits it locked
_OPENING = threading.Lock()
os.register_at_fork(
    before=_OPENING.acquire, after_in_parent=_OPENING.release, after_in_child=_OPENING.release
)


class S3Storage(Storage):
    """The objects of `bucket` under `prefix`."""

    threads = 8

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        region: str | None = None,
        encryption: str | None = None,
        kms_key: str | None = None,
    ) -> None:
        super().__init__()
        if encryption not in (None, "AES256", "aws:kms", "aws:kms:dsse") or (
            kms_key and not (encryption or "").startswith("aws:kms")
        ):
            raise ConfigError(
                f"[lake] encryption = {encryption or ''} with kms_key = {kms_key or ''}: write"
                " AES256, or aws:kms with or without a key"
            )
        self.bucket, self.prefix = bucket, f"{prefix}/" if prefix else ""
        self._endpoint, self._region = endpoint, region
        self._encryption = {"ServerSideEncryption": encryption} if encryption else {}
        if kms_key:
            self._encryption["SSEKMSKeyId"] = kms_key
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=2 * self.threads,
            connect_timeout=10,
            read_timeout=60,
            tcp_keepalive=True,
            s3={"addressing_style": "path"} if endpoint else None,
        )
        self._session: Any = None
        self._clients: dict[int, Any] = {}

    def __repr__(self) -> str:
        return f"S3Storage({self.uri()!r}, endpoint={self._endpoint!r})"

    def uri(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def _client(self) -> Any:
        process = os.getpid()
        if process not in self._clients:
            with _OPENING:
                if process not in self._clients:
                    self._clients = {process: self._open()}
        return self._clients[process]

    def _open(self) -> Any:
        try:
            self._session = self._session or boto3.session.Session()
            region = self._region or self._session.region_name or "us-east-1"
            client = self._session.client(
                "s3", endpoint_url=self._endpoint, region_name=region, config=self._config
            )
        except (ProfileNotFound, PartialCredentialsError, ValueError) as error:
            raise ConfigError(f"cannot open {self.uri()}: {error}") from error
        client.meta.events.register(
            "before-send.s3", lambda event_name, **_: self._count(_verb(event_name))
        )
        return client

    def list(self, prefix: str = "") -> Iterator[Stat]:
        stats = [
            Stat(item["Key"][len(self.prefix) :], item["Size"], item["ETag"])
            for page in self._pages("LIST", "list_objects_v2", prefix)
            for item in page.get("Contents", ())
        ]
        # SeaweedFS lists folder by folder; a console's marker of the prefix itself is no object of
        # the lake
        yield from sorted((stat for stat in stats if stat.key), key=lambda stat: stat.key.encode())

    def _pages(self, command_name: str, operation: str, prefix: str) -> Iterable[dict[str, Any]]:
        """All pages of a listing of the keys that begin with `prefix`."""
        names = {"Bucket": self.bucket, "Prefix": self.prefix + prefix, "MaxKeys": 1000}
        return self._ask(
            command_name,
            prefix,
            lambda client: [*client.get_paginator(operation).paginate(**names)],
        )

    def head(self, key: str) -> Stat | None:
        try:
            answer = self._call("HEAD", "head_object", key)
        except _AbsentError:
            return None
        return Stat(key, answer["ContentLength"], answer["ETag"])

    def get(self, key: str) -> bytes:
        try:
            return self._read_body(key, {})
        except _AbsentError as absent:
            raise Corrupt(f"{self.uri(key)} is missing") from absent

    def _read_body(self, key: str, version: dict[str, str]) -> bytes:
        """The complete bytes; botocore retries a request, but not a body that breaks off."""
        for attempt in range(1, _ATTEMPTS + 1):
            stream = self._call("GET", "get_object", key, **version)["Body"]
            try:
                return self._drain(key, stream)
            except Unanswered:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _drain(self, key: str, stream: Any) -> bytes:
        return bytes(self._ask("GET", key, lambda _: stream.read()))

    def _versions(self, prefix: str) -> Iterator[tuple[Version, bool]]:
        """Every version under the prefix, and whether it is the newest of its key."""
        for page in self._pages("VERSIONS", "list_object_versions", prefix):
            for kind, is_marker in (("Versions", False), ("DeleteMarkers", True)):
                for item in page.get(kind, ()):
                    key = item["Key"][len(self.prefix) :]
                    yield Version(key, item["VersionId"], is_marker), item["IsLatest"]

    def old_versions(self, prefix: str = "") -> Iterator[Version]:
        yield from [
            version
            for version, is_newest in self._versions(prefix)
            if version.is_marker or not is_newest
        ]

    def get_version(self, version: Version) -> bytes:
        try:
            return self._read_body(version.key, {"VersionId": version.id})
        except _AbsentError as absent:
            raise Corrupt(f"{self.uri(version.key)} has no version {version.id}") from absent

    def remove(self, key: str) -> None:
        for version in [version for version, _ in self._versions(key) if version.key == key]:
            self.remove_version(version)

    def remove_version(self, version: Version) -> None:
        self._call("DELETE", "delete_object", version.key, VersionId=version.id)

    def _write(self, key: str, data: bytes, if_absent: bool, if_match: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        if if_match is not None:
            condition = {"IfMatch": if_match}
        described = self._encryption.copy()
        if content_type := _TYPES.get(key[key.rfind(".") :]):
            described["ContentType"] = content_type
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._call("PUT", "put_object", key, Body=data, **described, **condition)
                return str(answer["ETag"])
            except _AbsentError as absent:  # If-Match on a key without an object
                raise Conflict(f"{self.uri(key)} is gone") from absent
            except _RacingError as racing:
                if attempt == _ATTEMPTS - 1:
                    raise Conflict(
                        f"{self.uri(key)} is being written by another run (409, {_ATTEMPTS} times)"
                    ) from racing
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _call(self, command_name: str, operation: str, key: str, **arguments: Any) -> Any:
        """The response to an operation on an object."""
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        return self._ask(
            command_name, key, lambda client: getattr(client, operation)(**place, **arguments)
        )

    def _ask(self, command_name: str, key: str, request: Callable[[Any], Any]) -> Any:
        """The response; a refusal becomes an error of this project."""
        uri = self.uri(key)
        try:
            return request(self._client())
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "?"))
            answer = error.response.get("ResponseMetadata", {})
            status, headers = int(answer.get("HTTPStatusCode", 0)), answer.get("HTTPHeaders", {})
            if code in _ABSENT:
                raise _AbsentError(f"{uri} is absent") from error
            if code in _REFUSED:
                raise Conflict(f"{uri} has changed, or is there already") from error
            if code in _RACING:
                raise _RacingError(f"{uri} is being written by another run") from error
            detail = str(error.response.get("Error", {}).get("Message", ""))
            region = headers.get("x-amz-bucket-region")
            kind = Unanswered if is_transient(code, status) else StorageRefused
            raise kind(explain(command_name, uri, code, status, detail, region)) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise ConfigError(
                f"no credentials for {self.uri()}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                " or a profile or role that boto3 finds"
            ) from error
        except _UNANSWERED as error:
            where = self._endpoint or "Amazon S3"
            raise Unanswered(
                f"no answer from {where} to {command_name} {uri} ({type(error).__name__}): check"
                " the endpoint and the network, then run again"
            ) from error
        except BotoCoreError as error:
            raise StorageRefused(f"{command_name} {uri} failed: {error}") from error


class _AbsentError(Corrupt):
    """The key holds nothing."""


class _RacingError(Conflict):
    """Two conditional writes met; S3 asks to send it again."""


def _verb(event_name: str) -> str:
    operation = event_name.rsplit(".", 1)[-1]
    return _VERBS.get(operation, operation)
