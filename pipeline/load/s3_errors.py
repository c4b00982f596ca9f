"""Explain a storage's refusal in one sentence that says what to do.

A server's message about credentials is never repeated, so that no part of one reaches a log. Source
of the codes: Amazon S3 API Reference, Error responses.
"""

from __future__ import annotations

import re

_RIGHTS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "LIST": "s3:ListBucket",
    "VERSIONS": "s3:ListBucketVersions",
    "DELETE": "s3:DeleteObject and s3:DeleteObjectVersion",
}

_REMEDIES = {
    "InvalidAccessKeyId": (
        "the access key is unknown there; check AWS_ACCESS_KEY_ID, or the profile or role in use"
    ),
    "SignatureDoesNotMatch": (
        "the secret key does not fit the access key; check AWS_SECRET_ACCESS_KEY, or the profile"
        " in use"
    ),
    "InvalidToken": "the session token is not valid; get new credentials and run again",
    "ExpiredToken": (
        "the credentials have expired; get new ones and run again, what is published stays complete"
    ),
    "RequestTimeTooSkewed": (
        "this machine's clock is more than 15 minutes off; set it and run again"
    ),
    "NoSuchBucket": (
        "the bucket does not exist there; create it, or correct the lake's URL or endpoint"
    ),
    "InvalidBucketName": "that is not a bucket's name; correct the lake's URL",
}
_REGION = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
    "TemporaryRedirect",
}
_TRANSIENT = {
    "SlowDown",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
}


def explain(
    command_name: str, uri: str, code: str, status: int, detail: str = "", region: str | None = None
) -> str:
    """Return a sentence for a refusal; `region` is the bucket's, where it is named."""
    what = f"the storage refused {command_name} {uri} ({status} {code})"
    if code in _REMEDIES:
        return f"{what}: {_REMEDIES[code]}"
    if code in _REGION:
        return (
            f"{what}: the bucket is in {f'region {region}' if region else 'another region'}; set"
            " that region"
        )
    key_right = re.search(r"\bkms:\w+", detail)
    if status == 403 and key_right:
        return f"{what}: grant {key_right[0]} on the key that encrypts the bucket"
    if status == 403 and command_name == "HEAD":
        return (
            f"{what}: grant s3:GetObject on it; and without s3:ListBucket on the bucket even an"
            " object that is absent answers 403, so grant that too"
        )
    if status in (401, 403):
        return (
            f"{what}: grant {_RIGHTS.get(command_name, command_name)}"
            f" {'on the bucket, for this prefix' if command_name == 'LIST' else 'on it'}"
        )
    if is_transient(code, status):
        return f"{what} after every retry; nothing half-written is visible, run again later"
    return f"{what}: {' '.join(detail.split())[:200] or 'no reason given'}"


def is_transient(code: str, status: int) -> bool:
    """Whether a later attempt may succeed."""
    return status >= 500 or status == 429 or code in _TRANSIENT
