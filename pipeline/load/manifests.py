"""The log of each partition: numbered manifests that are added and never changed.

A manifest's *name* carries number, edition and digest, so one listing tells the state of every
partition. Because two runs would give the same number different names, a number is first taken
under a name that holds the number alone: the claim, written with If-None-Match, is the moment of
publication; the manifest is a copy of it. A run that was killed between the two is completed by
whoever meets its claim. After a lost answer a run finds its own bytes under the claim and has won.

The snapshot is what the listings said, plus what this process has published; a child drops it after
a fork. A partition whose log has a gap, a doubled number or a foreign name is unsound: nothing is
published into it (Corrupt, naming the key), and readers go by the highest number whose claim
confirms it.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.errors import ConfigError, Conflict, Corrupt
from pipeline.load.layout import (
    DATASETS,
    Manifest,
    check_partition,
    claim_key,
    claim_prefix,
    digest_of,
    log_prefix,
    manifest_of,
    parse_manifest,
)
from pipeline.load.siblings import Siblings
from pipeline.load.storage import Storage

_KEPT = 2048


def fingerprint_of(
    version: int | str, settings: Mapping[str, object], inputs: Iterable[tuple[str, str]]
) -> str:
    """16 hex digits for all that a partition is made of: code version, settings, and (name, digest)
    of each input in any order.
    """
    said = json.dumps(
        [
            str(version),
            {key: str(value) for key, value in settings.items()},
            sorted(map(list, inputs)),
        ],
        sort_keys=True,
    )
    return digest_of(said)


class ManifestLog:
    """The manifests of every partition in `storage`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.generations: Counter[str] = Counter()
        self._bodies: dict[str, dict[str, Any]] = {}
        self._first_process = os.getpid()
        self._siblings = Siblings()
        self.listing = 0
        self._forget()

    def _forget(self) -> None:
        self._siblings.catch_up()
        self._process = os.getpid()
        self._covered: set[str] = set()
        self._manifests: dict[str, dict[str, list[Manifest]]] = defaultdict(dict)
        self._foreign: dict[str, list[str]] = defaultdict(list)
        self._vouched: dict[tuple[str, str], Manifest | None] = {}
        self.generations.update(DATASETS)

    def refresh(self, dataset: str = "", prefix: str = "") -> None:
        """List again the partitions of `dataset` that begin with `prefix`; of every dataset where
        none is named.
        """
        if self._process != os.getpid() or not dataset:
            self._forget()
        listed = log_prefix(dataset, prefix)
        for partition in [name for name in self._manifests[dataset] if name.startswith(prefix)]:
            del self._manifests[dataset][partition]
        self._foreign = defaultdict(
            list,
            {
                folder: keys
                for folder, keys in self._foreign.items()
                if not folder.startswith(listed)
            },
        )
        for stat in self.storage.list(listed):
            manifest = parse_manifest(stat.key)
            if manifest:
                self._manifests[manifest.dataset].setdefault(manifest.partition, []).append(
                    manifest
                )
            else:
                self._foreign[stat.key.rpartition("/")[0]].append(stat.key)
        self._covered.add(listed)
        self._vouched.clear()
        self.generations.update([dataset] if dataset else DATASETS)

    def cover(self, dataset: str, partition: str = "") -> None:
        """Make sure that the snapshot knows `partition` of `dataset`. Whoever plans lists the whole
        log, as datasets share its pages; a child, which makes one partition, that dataset only.
        """
        self.catch_up()
        wanted = log_prefix(dataset, partition)
        if not any(wanted.startswith(known) for known in self._covered):
            self.refresh(dataset if os.getpid() != self._first_process else "")

    def catch_up(self) -> None:
        """Drop what was listed before a fork, and in the process that forks, before a child has
        published.
        """
        is_first = os.getpid() == self._first_process
        if self._process != os.getpid() or (is_first and not self._siblings.is_current()):
            self._forget()
            self.listing += 1  # tells the raw zone to list again, too

    def is_begun(self) -> bool:
        """Whether anything was ever published."""
        self.cover("")
        return any(self._manifests.values())

    def partitions(self, dataset: str) -> list[str]:
        self.cover(dataset)
        return sorted(self._manifests[dataset])

    def history(self, dataset: str, partition: str) -> list[Manifest]:
        """Every manifest of the partition in the order of their numbers, as listed."""
        self.cover(dataset, check_partition(dataset, partition))
        return list(self._manifests[dataset].get(partition, ()))

    def newest(self, dataset: str, partition: str) -> Manifest | None:
        """The manifest that decides; of an unsound log, the highest that its claim confirms."""
        manifests = self.history(dataset, partition)
        if not self._gaps(manifests):
            return manifests[-1] if manifests else None
        if (dataset, partition) not in self._vouched:
            self._vouched[dataset, partition] = next(
                (one for one in reversed(manifests) if self._is_claimed(one)), None
            )
        return self._vouched[dataset, partition]

    def check_sound(self, dataset: str, partition: str) -> None:
        """Raises Corrupt, naming the key, where the log of the partition is not what this code has
        written.
        """
        manifests = self.history(dataset, partition)
        folder = log_prefix(dataset, partition)
        foreign = self._foreign.get(folder)
        if foreign:
            raise Corrupt(
                f"{self.storage.uri(foreign[0])} is no manifest of the lake; move it away, nothing"
                " is published beside it"
            )
        for gap in self._gaps(manifests):
            taken = [one.key for one in manifests if one.number == gap]
            if taken:
                raise Corrupt(
                    f"{self.storage.uri(folder)}: number {gap} was taken twice, by"
                    f" {' and '.join(taken)}; move away the one that differs from"
                    f" {claim_key(dataset, partition, gap)}"
                )
            raise Corrupt(
                f"{self.storage.uri(folder)}: manifest {gap:06d} is missing below"
                f" {manifests[-1].number:06d}; bring it back (its bytes stand in"
                f" {claim_key(dataset, partition, gap)}), or move away what was planted above it"
            )

    @staticmethod
    def _gaps(manifests: list[Manifest]) -> list[int]:
        """Numbers that are not there exactly once."""
        numbers = [one.number for one in manifests]
        if numbers == list(range(1, len(numbers) + 1)):
            return []
        return [number for number in range(1, max(numbers) + 1) if numbers.count(number) != 1]

    def _is_claimed(self, manifest: Manifest) -> bool:
        key = claim_key(manifest.dataset, manifest.partition, manifest.number)
        try:
            return self._describes(self.storage.get(key), key, manifest)
        except Corrupt:
            return False

    def _describes(self, text: bytes, key: str, manifest: Manifest) -> bool:
        """Whether the text of `key` is that manifest's."""
        try:
            return self._described(text, key)[0] == manifest
        except Corrupt:
            return False

    def append(
        self,
        dataset: str,
        partition: str,
        expected_manifest: Manifest | None,
        fingerprint: str,
        digest: str,
        body: Mapping[str, Any],
    ) -> Manifest:
        """Publish `body` as the manifest after `basis`; Conflict where another content has taken
        that number.

        The same edition and digest under the number is success, whoever published it, if it is
        still the newest.
        """
        self.check_sound(dataset, partition)
        mine = manifest_of(
            dataset,
            partition,
            expected_manifest.number + 1 if expected_manifest else 1,
            fingerprint,
            digest,
        )
        text = json.dumps(
            {
                **body,
                "dataset": dataset,
                "partition": partition,
                "number": mine.number,
                "edition": fingerprint,
                "digest": digest,
            },
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            indent=1,
        ).encode()
        claim, is_mine = claim_key(dataset, partition, mine.number), True
        try:
            self.storage.put(claim, text, if_absent=True)
        except Conflict:
            text, is_mine = self.storage.get(claim), False
        taken, said = self._described(text, claim)
        self._copy_claim(claim, taken, text)
        self._siblings.announce()
        if not is_mine:
            self.refresh(dataset, partition)
        if taken != mine or (not is_mine and self.newest(dataset, partition) != taken):
            raise Conflict(
                f"{dataset} {partition}: another run has published number {mine.number} or a later"
                " one with other content; start again from what is there"
            )
        log = self._manifests[dataset].setdefault(partition, [])
        if taken not in log:
            log.append(taken)
            self.generations[dataset] += 1
        self._keep(taken, said)
        return taken

    def complete_claims(self, dataset: str) -> None:
        """Publish the manifests of claims that killed runs left without one."""
        self.cover(dataset)
        folder, is_behind = claim_prefix(dataset), False
        for stat in self.storage.list(folder):
            partition, _, name = stat.key.removeprefix(folder).partition("/")
            newest = self._manifests[dataset].get(partition, [])[-1:]
            number = newest[0].number + 1 if newest else 1
            if name == f"{number:06d}.json":
                text = self.storage.get(stat.key)
                self._copy_claim(stat.key, self._described(text, stat.key)[0], text)
                is_behind = True
        if is_behind:
            self.refresh(dataset)

    def _copy_claim(self, claim: str, taken: Manifest, text: bytes) -> None:
        """Publish the manifest of a claim, also one of a run that was killed between the two."""
        if claim_key(taken.dataset, taken.partition, taken.number) != claim:
            raise Corrupt(
                f"{self.storage.uri(claim)} claims {taken.key}; move it away, nothing is published"
                " beside it"
            )
        try:
            self.storage.put(taken.key, text, if_absent=True)
        except Conflict as foreign:
            if self.storage.get_sound(taken.key, lambda stored: stored == text) == text:
                return
            raise Corrupt(
                f"{self.storage.uri(taken.key)} differs from its claim {claim}; move it away and"
                " run again"
            ) from foreign

    def pending(self, dataset: str, partition: str) -> list[dict[str, Any]]:
        """Body of the claim that follows the newest manifest; empty where there is none."""
        numbers = [manifest.number for manifest in self.history(dataset, partition)]
        claim = claim_key(dataset, partition, max(numbers, default=0) + 1)
        if self.storage.head(claim) is None:
            return []
        return [self._described(self.storage.get(claim), claim)[1]]

    def read(self, manifest: Manifest) -> dict[str, Any]:
        """The body of `manifest`, held to its name; kept, as it never changes. Raises Corrupt."""
        if manifest.key not in self._bodies:
            text = self.storage.get_sound(
                manifest.key, lambda text: self._describes(text, manifest.key, manifest)
            )
            found, body = self._described(text, manifest.key)
            if found != manifest:
                raise Corrupt(
                    f"{self.storage.uri(manifest.key)} says other things than its name; restore it"
                    " from its claim"
                )
            self._keep(manifest, body)
        return self._bodies[manifest.key]

    def _keep(self, manifest: Manifest, body: dict[str, Any]) -> None:
        while len(self._bodies) >= _KEPT:
            del self._bodies[next(iter(self._bodies))]
        self._bodies[manifest.key] = body

    def _described(self, text: bytes, key: str) -> tuple[Manifest, dict[str, Any]]:
        try:
            body = json.loads(text)
            return (
                manifest_of(
                    body["dataset"],
                    body["partition"],
                    body["number"],
                    body["edition"],
                    body["digest"],
                ),
                body,
            )
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise Corrupt(
                f"{self.storage.uri(key)} is not a manifest ({error}); restore it, or move it away"
                " if it is foreign"
            ) from error
