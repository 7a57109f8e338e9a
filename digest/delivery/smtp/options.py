"""What an operator may say about an SMTP relay in ``[relays.<name>]``, checked; no I/O except
reading the password or the token.

Neither is ever sent in clear: a user name together with ``security = "none"`` is refused here,
before any connection is opened.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from digest.config import Strict, read_secret
from digest.errors import ConfigError

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")  # RFC 6750 section 2.1


class Timeouts(Strict):
    """Patience in seconds, per step; the defaults are those of RFC 5321 section 4.5.3.2.

    `connect` covers TCP, an implicit TLS handshake and the greeting; `reply` covers EHLO, STARTTLS
    and AUTH. Shortening `dot` buys doubled copies: a relay that answers late has accepted what we
    gave up on.
    """

    connect: float = Field(default=30, gt=0)
    reply: float = Field(default=300, gt=0)
    mail: float = Field(default=300, gt=0)
    rcpt: float = Field(default=300, gt=0)
    data: float = Field(default=120, gt=0)
    block: float = Field(default=180, gt=0)
    dot: float = Field(default=600, gt=0)
    quit: float = Field(default=5, gt=0)


class SmtpOptions(Strict):
    """One relay: where it is, how it is secured, who we are there.

    `security`: ``starttls`` (mandatory once chosen: a relay that does not offer it is refused),
    ``tls`` (from the first byte) or ``none``. `ca_file` names certificates trusted besides the
    system's. `helo_name` is what we call ourselves; without it the machine's own name.

    `auth` is the mechanism: ``auto`` takes the best of what the relay offers for a password;
    ``xoauth2`` wants an access token instead, which runs out within the hour, so that its file or
    environment variable is read anew at each connection. `dsn`: whether to ask a relay that offers
    it for reports on failures and delays (RFC 3461).
    """

    host: str = Field(min_length=1, pattern=r"^[^\s\x00-\x1f\x7f]+$")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = Field(None, min_length=1)
    password: SecretStr | None = None
    password_file: Path | None = None
    password_env: str | None = None
    auth: Literal["auto", "plain", "login", "xoauth2"] = "auto"
    token_file: Path | None = None
    token_env: str | None = None
    helo_name: str | None = Field(None, pattern=r"^[A-Za-z0-9.\-:\[\]]+$")
    ca_file: Path | None = None
    dsn: bool = True
    timeouts: Timeouts = Timeouts()
    messages_per_connection: int = Field(100, ge=1)

    @model_validator(mode="after")
    def _credentials_fit(self) -> "SmtpOptions":
        passwords = 3 - [self.password, self.password_file, self.password_env].count(None)
        tokens = 2 - [self.token_file, self.token_env].count(None)
        if self.username is None and (passwords or tokens or self.auth != "auto"):
            given = "password" if passwords else "token" if tokens else "kind of auth"
            raise ValueError(f"a {given} is given and no username")
        if self.username is not None and self.security == "none":
            raise ValueError(
                'a password is never sent in clear: set security to "starttls" or "tls"'
            )
        if self.auth == "xoauth2":
            if passwords or tokens != 1:
                raise ValueError(
                    'username with auth = "xoauth2" needs one of token_file, token_env, '
                    "and no password"
                )
        elif tokens:
            raise ValueError('a token is for auth = "xoauth2" alone')
        elif self.username is not None and passwords != 1:
            raise ValueError("username needs one of password, password_file, password_env")
        return self

    @property
    def name(self) -> str:
        """Return ``host:port``, the way messages call this relay."""
        return f"{self.host}:{self.port}"

    def read_password(self) -> SecretStr | None:
        """Return the password from wherever it is kept; ConfigError when it is not there."""
        here = self.password.get_secret_value() if self.password else None
        secret = read_secret(here, self.password_file, self.password_env)
        return None if secret is None else SecretStr(secret)

    def read_token(self) -> SecretStr:
        """Return the access token as it is now; ConfigError when there is none or it cannot be one.

        The message names file or variable and never what stands there.
        """
        where = self.token_file or f"the environment variable {self.token_env}"
        try:
            token = (read_secret(None, self.token_file, self.token_env) or "").strip()
        except UnicodeDecodeError:
            token = ""
        if not _TOKEN.fullmatch(token):
            raise ConfigError(f"{where}: this is not an access token")
        return SecretStr(token)
