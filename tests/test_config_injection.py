"""M13 of the message checklist: no line ends in a setting that becomes a header."""

import pytest
from pydantic import BaseModel, ValidationError

from digest.config import NewsletterConfig, SenderConfig

LINE_ENDS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029")


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
@pytest.mark.parametrize(
    ("config", "key", "good"),
    [
        (SenderConfig, "name", "Courier"),
        (SenderConfig, "address", "letters@courier.example"),
        (NewsletterConfig, "name", "Courier"),
        (NewsletterConfig, "slug", "weekly"),
        (NewsletterConfig, "host", "courier.example"),
        (NewsletterConfig, "reply_to", "desk@courier.example"),
        (NewsletterConfig, "bounce_address", "bounces@courier.example"),
    ],
)
def test_m13_configuration_with_a_line_end_in_a_header_text_is_refused(
    config: type[BaseModel], key: str, good: str, end: str
) -> None:
    for evil in (f"{good}{end}Bcc: evil@evil.example", f"{good}{end}"):
        with pytest.raises(ValidationError) as refused:
            config.model_validate({key: evil})
        wrong = [e["loc"] for e in refused.value.errors() if e["type"] != "missing"]
        assert wrong == [(key,)]
