"""Credentials of the S3 server, made once at random and kept in their volume.

Writes below `/credentials/s3`: `s3.json` (who the server lets in, and to which bucket only) and
`aws` (the same as a credentials file of the AWS tools). What is there already stays.
"""

import json
import secrets
from pathlib import Path

FOLDER = Path("/credentials/s3")
BUCKET = "lake"


def write(path: Path, text: str, mode: int) -> None:
    """`text` to `path`, never half of it, readable by those whom `mode` names."""
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
    )  # the server reads it as a member of our group
    write(
        FOLDER / "aws",
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n",
        0o400,
    )
