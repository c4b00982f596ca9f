"""Random credentials for the S3 server, made once and kept in their volume.

Writes `/credentials/s3/s3.json` (for the server: the user and its only bucket) and
`/credentials/s3/aws` (for clients: a credentials file of the AWS tools). Existing files stay.
"""

import json
import secrets
from pathlib import Path

FOLDER = Path("/credentials/s3")
BUCKET = "lake"


def write(path: Path, text: str, mode: int) -> None:
    """Write a file in one step, with the rights of `mode`."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.chmod(mode)
    draft.rename(path)


if not (FOLDER / "aws").exists():
    key, secret = secrets.token_hex(10), secrets.token_urlsafe(30)
    pipeline = {
        "name": "pipeline",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": [f"{action}:{BUCKET}" for action in ("Read", "Write", "List")],
    }
    write(
        FOLDER / "s3.json", json.dumps({"identities": [pipeline]}), 0o640
    )  # the server reads it through its group
    write(
        FOLDER / "aws",
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n",
        0o400,
    )
