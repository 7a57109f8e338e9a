"""The ``[hooks]`` tables: the providers that tell us by HTTP what became of copies."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from digest.config.kinds import HeaderText, Slug, Strict

Topic = Annotated[
    str, Field(pattern=r"^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$")
]


class HookConfig(Strict):
    """What every provider's table has: the relays whose copies its events may speak about."""

    relays: list[Slug] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_secret(self) -> "HookConfig":
        name = self.secret_name()
        given = [getattr(self, key) for key in (name, f"{name}_file", f"{name}_env")]
        if all(value is None for value in given):
            raise ValueError(f"needs one of {name}, {name}_file, {name}_env")
        return self

    @classmethod
    def secret_name(cls) -> str:
        """Return the key of what tells the provider's requests from anybody's."""
        raise NotImplementedError


class PostmarkHookConfig(HookConfig):
    """Postmark signs nothing: it logs in with the name and password that its webhook is given."""

    username: HeaderText
    password: str | None = None
    password_file: Path | None = None
    password_env: str | None = None

    @classmethod
    def secret_name(cls) -> str:
        """Return the key of the password."""
        return "password"


class MailgunHookConfig(HookConfig):
    """Mailgun signs with the "HTTP webhook signing key" of the account."""

    signing_key: str | None = None
    signing_key_file: Path | None = None
    signing_key_env: str | None = None

    @classmethod
    def secret_name(cls) -> str:
        """Return the key of the signing key."""
        return "signing_key"


class SendgridHookConfig(HookConfig):
    """SendGrid signs; its public key, no secret, is shown beside the webhook."""

    public_key: str | None = None
    public_key_file: Path | None = None
    public_key_env: str | None = None

    @classmethod
    def secret_name(cls) -> str:
        """Return the key of the public key."""
        return "public_key"


class SesHookConfig(HookConfig):
    """Amazon SES tells by SNS, which signs for everybody: only these topics are heard, and only at
    an address that ends in the secret.
    """

    topics: list[Topic] = Field(min_length=1, max_length=50)
    secret: str | None = None
    secret_file: Path | None = None
    secret_env: str | None = None

    @classmethod
    def secret_name(cls) -> str:
        """Return the key of the secret."""
        return "secret"


class HooksConfig(Strict):
    """The providers that are listened to; none unless its table is there."""

    postmark: PostmarkHookConfig | None = None
    mailgun: MailgunHookConfig | None = None
    sendgrid: SendgridHookConfig | None = None
    ses: SesHookConfig | None = None

    @property
    def open(self) -> dict[str, HookConfig]:
        """Return the tables there are, by provider."""
        every: dict[str, HookConfig | None] = {
            "postmark": self.postmark,
            "mailgun": self.mailgun,
            "sendgrid": self.sendgrid,
            "ses": self.ses,
        }
        return {name: hook for name, hook in every.items() if hook is not None}

    def in_folder(self, folder: Path) -> "HooksConfig":
        """Return the same with absolute paths."""
        moved: dict[str, HookConfig] = {}
        for name, hook in self.open.items():
            key = f"{hook.secret_name()}_file"
            if path := getattr(hook, key):
                hook = hook.model_copy(update={key: folder / path})
            moved[name] = hook
        return self.model_copy(update=moved)
