"""Search every layer of an image for texts that must not be in it.

    docker save IMAGE | python docker/scan_layers.py TEXT...

Reads layers, configuration and history, plain or gzipped. Exit code 1 with the blobs that hold a
text, or with a blob that is packed in an unknown way.
"""

import gzip
import sys
import tarfile
from typing import IO

CHUNK = 1 << 20
ZSTD = b"\x28\xb5\x2f\xfd"


class Rewound:
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]):
        self.head, self.rest = head, rest

    def read(self, size: int = -1) -> bytes:
        head, self.head = (self.head, b"") if size < 0 else (self.head[:size], self.head[size:])
        return head or self.rest.read(size)


def texts_in(blob: IO[bytes], texts: list[bytes]) -> list[bytes]:
    """Those texts that a blob holds, also across two chunks."""
    head = blob.read(4)
    if head == ZSTD:
        sys.exit(
            "a layer is packed with zstd, which this script cannot read; save the image from"
            " Docker's own store"
        )
    stream = Rewound(head, blob)
    if head[:2] == b"\x1f\x8b":
        stream = gzip.GzipFile(fileobj=stream)
    overlap, tail, matches = max(map(len, texts)) - 1, b"", set()
    while chunk := stream.read(CHUNK):
        window = tail + chunk
        matches |= {text for text in texts if text in window}
        tail = window[-overlap:]
    return sorted(matches)


def main(texts: list[bytes]) -> None:
    """Scan standard input."""
    blobs, leaks = 0, []
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|*") as image:
        for file_name in image:
            if file_name.isfile():
                blobs += 1
                leaks += [
                    f"{file_name.name} holds {text.decode()}"
                    for text in texts_in(image.extractfile(file_name), texts)
                ]
    if leaks:
        sys.exit("\n".join(leaks))
    sys.stdout.write(f"{blobs} blobs, nothing found\n")


if __name__ == "__main__":
    main([text.encode() for text in sys.argv[1:]])
