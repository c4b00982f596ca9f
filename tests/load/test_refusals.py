"""A refusal is one sentence that says what was refused, where, and what to do."""

from __future__ import annotations

import pytest

from pipeline.load.s3_errors import explain, is_transient


@pytest.mark.parametrize(
    ("command_name", "code", "status", "words"),
    [
        ("GET", "AccessDenied", 403, "grant s3:GetObject on it"),
        ("PUT", "AccessDenied", 403, "grant s3:PutObject on it"),
        ("LIST", "AccessDenied", 403, "grant s3:ListBucket on the bucket, for this prefix"),
        ("HEAD", "403", 403, "without s3:ListBucket"),
        ("PUT", "ExpiredToken", 400, "credentials have expired"),
        ("GET", "InvalidAccessKeyId", 403, "AWS_ACCESS_KEY_ID"),
        ("GET", "SignatureDoesNotMatch", 403, "AWS_SECRET_ACCESS_KEY"),
        ("GET", "RequestTimeTooSkewed", 403, "clock"),
        ("LIST", "NoSuchBucket", 404, "create it, or correct the lake's URL"),
        ("PUT", "SlowDown", 503, "run again later"),
        ("LIST", "PermanentRedirect", 301, "is in region eu-west-1"),
        ("PUT", "EntityTooLarge", 400, "too big"),
    ],
)
def test_each_refusal_names_verb_place_and_remedy(
    command_name: str, code: str, status: int, words: str
) -> None:
    sentence = explain(command_name, "s3://b/k", code, status, "too big\n for us", "eu-west-1")
    assert f"refused {command_name} s3://b/k ({status} {code})" in sentence
    assert words in sentence
    assert "\n" not in sentence


def test_a_missing_right_on_the_key_is_distinguished_from_one_on_the_object() -> None:
    detail = (
        "User: arn:aws:sts::1:x is not authorized to perform: kms:GenerateDataKey on resource:"
        " arn:aws:kms:eu-west-1:1:key/2"
    )
    assert "grant kms:GenerateDataKey on the key" in explain(
        "PUT", "s3://b/k", "AccessDenied", 403, detail
    )


def test_the_servers_words_about_credentials_are_not_repeated() -> None:
    for code, status in (
        ("SignatureDoesNotMatch", 403),
        ("InvalidToken", 400),
        ("AccessDenied", 403),
        ("Whatever", 401),
    ):
        assert "canary" not in explain("GET", "s3://b/k", code, status, "canary")


def test_what_is_transient() -> None:
    for code, status in (
        ("InternalError", 500),
        ("SlowDown", 503),
        ("TooManyRequests", 429),
        ("RequestTimeout", 400),
    ):
        assert is_transient(code, status)
    assert not is_transient("AccessDenied", 403)
    assert not is_transient("NoSuchKey", 404)
