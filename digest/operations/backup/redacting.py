"""The configuration as it goes into a backup: without the secrets that stand in it."""

import re
import tomllib
from typing import Any

LEFT_OUT = "left out of the backup"
_SECRET = r"[\w-]*(?:password|passphrase|token|secret|api_key)[\w-]*"  # noqa: S105 - a shape
_ELSEWHERE = ("_file", "_env", "_variable")  # where it says where the secret is
_VALUE = r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
_ASSIGNED = re.compile(rf'(?P<key>"?{_SECRET}"?)(?P<is>\s*=\s*)(?:{_VALUE})')
_IN_URL = re.compile(r"(://[^/@\s\"':]*):[^@\s\"']*@")


def redact(text: str) -> str | None:
    """Return the file's text without its secrets; None where one cannot be told from the rest, and
    then the file stays out.
    """
    redacted = _IN_URL.sub(r"\1@", _ASSIGNED.sub(_leave_out, text))
    try:
        tables = tomllib.loads(redacted)
    except tomllib.TOMLDecodeError:
        return None
    return None if _has_secret(tables) else redacted


def _leave_out(found: re.Match[str]) -> str:
    if found["key"].strip('"').endswith(_ELSEWHERE):
        return found[0]
    return f'{found["key"]}{found["is"]}"{LEFT_OUT}"'


def _has_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_secret(each) for each in value)
    if not isinstance(value, dict):
        return False
    return any(
        _has_secret(inner) or (_is_secret(key) and inner != LEFT_OUT)
        for key, inner in value.items()
    )


def _is_secret(key: str) -> bool:
    return bool(re.fullmatch(_SECRET, key)) and not key.endswith(_ELSEWHERE)
