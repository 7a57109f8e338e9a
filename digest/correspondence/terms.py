"""What somebody agrees to who subscribes: the sentence of consent, and the privacy policy."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from digest.config import NewsletterConfig
from digest.errors import ConfigError

VERSION_DIGITS = 12  # of the policy's SHA-256
LONGEST_VERSION = 80  # characters that a consent event keeps


@dataclass(frozen=True, slots=True)
class Policy:
    """The privacy policy: its own text where we have it, and what names this version of it."""

    text: str | None
    version: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The sentence as it is shown, and the policy beside it."""

    wording: str
    policy: Policy | None

    @property
    def digest(self) -> str:
        """Return what tells these terms from any others (12 hexadecimal digits)."""
        version = self.policy.version if self.policy else ""
        return hashlib.sha256(f"{version}\0{self.wording}".encode()).hexdigest()[:12]


def terms_of(words: NullTranslations, configured: NewsletterConfig) -> Terms:
    """Return what one agrees to now; ConfigError as `policy_of` raises it."""
    policy = policy_of(configured)
    own = " ".join(configured.signup.consent.split())
    return Terms(own or _our_sentence(words, configured.name, policy), policy)


def _our_sentence(words: NullTranslations, name: str, policy: Policy | None) -> str:
    if policy is None:
        said = words.gettext(
            "I want {name} by e-mail once a week. I can end that at any time, with one press."
        )
    else:
        said = words.gettext(
            "I want {name} by e-mail once a week, and I agree to the privacy policy. I can end"
            " that at any time, with one press."
        )
    return said.format(name=name)


def policy_of(configured: NewsletterConfig) -> Policy | None:
    """Return the policy of a newsletter, read anew when its file has changed; None when it has
    none. ConfigError when the file cannot be read, or is empty.
    """
    if configured.privacy_file is not None:
        return _read_policy(configured.privacy_file)
    if configured.privacy_url is not None:
        return Policy(None, configured.privacy_url[:LONGEST_VERSION])
    return None


def _read_policy(path: Path) -> Policy:
    try:
        status = path.stat()
        return _policy_in(path, status.st_mtime_ns, status.st_size)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the privacy policy cannot be read: {error}") from error


@lru_cache(maxsize=32)
def _policy_in(path: Path, _changed: int, _size: int) -> Policy:
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig").replace("\r\n", "\n").strip()
    if not text:
        raise ConfigError(f"{path}: the privacy policy is empty")
    return Policy(text, hashlib.sha256(raw).hexdigest()[:VERSION_DIGITS])
