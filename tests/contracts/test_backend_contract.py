"""Every backend we ship passes the contract."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.delivery.backends.console import ConsoleBackend, ConsoleOptions
from digest.delivery.backends.maildir import MaildirBackend, MaildirOptions
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.smtp.options import SmtpOptions
from digest.testing import ApiServer, BackendContract, MailServer, Reply
from digest.testing.backends import Arrived

GUIDE = Path(__file__).parents[2] / "docs" / "adding-a-backend.md"


class TestSmtpBackend(BackendContract):
    """Against a real server, in lock-step and pipelined."""

    @pytest.fixture(params=[False, True], ids=["lock-step", "pipelined"])
    def server(self, request: pytest.FixtureRequest) -> Iterator[MailServer]:
        with MailServer(pipelining=request.param) as server:
            yield server

    @pytest.fixture
    def backend(self, server: MailServer) -> SmtpBackend:
        return SmtpBackend(
            SmtpOptions(
                host="127.0.0.1", port=server.port, security="none", messages_per_connection=7
            )
        )

    @pytest.fixture
    def arrived(self, server: MailServer) -> Arrived:
        return server.contents


class TestMaildirBackend(BackendContract):
    """Into a Maildir of its own."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> MaildirBackend:
        return MaildirBackend(MaildirOptions(folder=tmp_path / "mail"))

    @pytest.fixture
    def arrived(self, tmp_path: Path) -> Arrived:
        return lambda: [file.read_bytes() for file in sorted((tmp_path / "mail/new").iterdir())]


class TestMemoryBackend(BackendContract):
    """The test double keeps the same promises."""

    @pytest.fixture
    def backend(self) -> MemoryBackend:
        return MemoryBackend()

    @pytest.fixture
    def arrived(self, backend: MemoryBackend) -> Arrived:
        return lambda: [message for _, message in backend.accepted]


class TestConsoleBackend(BackendContract):
    """One printed line counts as one copy."""

    keeps_bytes = False

    @pytest.fixture
    def backend(self) -> ConsoleBackend:
        return ConsoleBackend(ConsoleOptions())

    @pytest.fixture
    def arrived(self, capsys: pytest.CaptureFixture[str]) -> Arrived:
        lines: list[bytes] = []

        def printed() -> list[bytes]:
            lines.extend(line.encode() for line in capsys.readouterr().out.splitlines())
            return lines

        return printed


class TestDocumentedBackend(BackendContract):
    """The backend that docs/adding-a-backend.md builds is a good one."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Any:
        (code,) = re.findall(r"```python\n(\"\"\"Backend.*?)```", GUIDE.read_text(), re.DOTALL)
        names: dict[str, Any] = {"__name__": "your_package.folder"}
        exec(code, names)  # noqa: S102 - our own guide, run as its reader would
        return names["FolderBackend"](names["FolderOptions"](folder=tmp_path))

    @pytest.fixture
    def arrived(self, tmp_path: Path) -> Arrived:
        return lambda: [file.read_bytes() for file in sorted(tmp_path.glob("[0-9]*.eml"))]


class TestDocumentedHttpBackend(BackendContract):
    """So is the one that speaks to a provider's HTTP API."""

    @pytest.fixture
    def api(self) -> Iterator[ApiServer]:
        with ApiServer(lambda request: Reply(200 if request.method == "GET" else 202)) as server:
            yield server

    @pytest.fixture
    def backend(self, api: ApiServer, tmp_path: Path) -> Any:
        (code,) = re.findall(r"```python\n(\"\"\"An HTTP.*?)```", GUIDE.read_text(), re.DOTALL)
        names: dict[str, Any] = {"__name__": "your_package.courier"}
        exec(code, names)  # noqa: S102 - our own guide, run as its reader would
        (tmp_path / "key").write_text("k3y")
        options = names["CourierOptions"](api_url=api.url, key_file=tmp_path / "key")
        return names["CourierBackend"](options)

    @pytest.fixture
    def arrived(self, api: ApiServer) -> Arrived:
        def copies() -> list[bytes]:
            posted = [request for request in api.requests if request.method == "POST"]
            return [base64.b64decode(request.json()["raw"]) for request in posted]

        return copies
