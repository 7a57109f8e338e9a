"""The kinds of values that ``config.toml`` may hold, each with what it says of a wrong one."""

import ipaddress
import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ValueError(f"no time zone is called {name!r}") from error
    return name


def _header_text(value: str) -> str:
    if not value.strip() or any(
        ord(c) < 32 or ord(c) in {0x7F, 0x85, 0x2028, 0x2029} for c in value
    ):
        raise ValueError("must be one line of text without control characters")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value
    ):
        raise ValueError(f"{value!r} is not a plain e-mail address")
    return value


def _public_url(value: str) -> str:
    """Accept https, and http only on loopback, where the demo and the tests live; fit for a header
    and a link.
    """
    if re.search(r"[\s\x00-\x20\x7f<>\"\\]", value):
        raise ValueError("must be one address without spaces, quotes or control characters")
    if not re.match(r"https://[^/\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)", value):
        raise ValueError("must be an https:// address (http:// only on loopback)")
    return value.rstrip("/")


def _mirror_url(value: str) -> str:
    if not re.fullmatch(r"[!-~]+", value) or re.search(r"[?#']|//[^/]*@", value):
        raise ValueError(
            f"{value!r} must be in ASCII (a name as xn--…, a path with %…), without ?, # and @"
        )
    return value


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def check_resolver(value: str) -> str:
    """Accept ``192.0.2.53``, ``192.0.2.53:5353``, ``2001:db8::53`` and ``[2001:db8::53]:5353``."""
    found = re.fullmatch(r"\[([0-9a-fA-F:.]+)\]:(\d{1,5})|([0-9.]+):(\d{1,5})", value)
    try:
        ipaddress.ip_address((found[1] or found[3]) if found else value)
        port = int(found[2] or found[4]) if found else 53
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ValueError(f"{value!r} is no address of a name server, such as 192.0.2.53:5353")
    return value


ZoneName = Annotated[str, AfterValidator(_zone)]
HeaderText = Annotated[str, Field(max_length=200), AfterValidator(_header_text)]
Address = Annotated[str, AfterValidator(_address)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
MirrorUrl = Annotated[PublicUrl, AfterValidator(_mirror_url)]
Network = Annotated[str, AfterValidator(_network)]
Resolver = Annotated[str, AfterValidator(check_resolver)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Host = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
DomainGroup = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Strict(BaseModel):
    """A table in the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
