"""The compile in a child process: it may die, hang or refuse, and the next compile works."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from digest.errors import RenderingFailed
from digest.rendering.compiling.child import MjmlCompiler

GOOD = "<mjml><mj-body><mj-section></mj-section></mj-body></mjml>"
DEADLY = f"<mjml><mj-body><mj-text>{'<b>' * 60_000}{'</b>' * 60_000}</mj-text></mj-body></mjml>"


@pytest.fixture
def compiler() -> Iterator[MjmlCompiler]:
    with MjmlCompiler() as compiler:
        yield compiler


def test_compiler_compiles_in_one_lasting_child(compiler: MjmlCompiler) -> None:
    pages = {compiler(GOOD), compiler(GOOD)}
    first = compiler.pid
    compiler(GOOD)

    assert len(pages) == 1
    assert compiler.pid == first not in (None, os.getpid())


def test_compiler_passes_a_refusal_on_and_keeps_its_child(compiler: MjmlCompiler) -> None:
    compiler(GOOD)
    child = compiler.pid

    with pytest.raises(RenderingFailed, match="line 2, column 1: <mj-body> is never closed"):
        compiler("<mjml>\n<mj-body>")
    assert compiler.pid == child


def test_compiler_survives_a_killed_child(compiler: MjmlCompiler) -> None:
    compiler(GOOD)
    assert compiler.pid
    os.kill(compiler.pid, signal.SIGKILL)

    with pytest.raises(RenderingFailed, match="died"):
        compiler(GOOD)
    assert "<!doctype html>" in compiler(GOOD)


def test_compiler_survives_a_document_that_overflows_the_stack() -> None:
    """Straight into mrml, without the depth cap that normally stands before it."""
    with MjmlCompiler(target="mjml:mjml2html") as bare:
        with pytest.raises(RenderingFailed, match="died on this document"):
            bare(DEADLY)

        assert "<!doctype html>" in bare(GOOD)


def test_compiler_ends_a_child_that_hangs_and_starts_another() -> None:
    with MjmlCompiler(timeout=1) as hasty:
        hasty(GOOD)
        assert hasty.pid
        os.kill(hasty.pid, signal.SIGSTOP)

        with pytest.raises(RenderingFailed, match="no answer within 1 s"):
            hasty(GOOD)
        assert "<!doctype html>" in hasty(GOOD)


def test_compiler_stopped_in_the_middle_of_a_large_document_does_not_block() -> None:
    """More than a socket buffers: the write itself must give up."""
    with MjmlCompiler(timeout=1) as hasty:
        hasty(GOOD)
        assert hasty.pid
        os.kill(hasty.pid, signal.SIGSTOP)

        with pytest.raises(RenderingFailed):
            hasty("x" * 5_000_000)


@pytest.mark.parametrize(
    "crash",
    [
        "exit(3)",
        "__import__('os').abort()",
        "str(len(bytes(3_000_000_000)))",  # more memory than a compile may take
        "(_ for _ in ()).throw(BaseException('a panic of the compiler'))",
        "1 / 0",
    ],
)
def test_compiler_survives_whatever_happens_in_the_child(crash: str) -> None:
    with MjmlCompiler(target="builtins:eval") as evaluating:
        with pytest.raises(RenderingFailed, match="died on this document"):
            evaluating(crash)

        assert evaluating("'well'") == "well"


def test_compiler_serves_other_threads_after_one_killed_the_child() -> None:
    with (
        MjmlCompiler(target="mjml:mjml2html") as bare,
        ThreadPoolExecutor(4) as threads,
    ):
        deadly = threads.submit(bare, DEADLY)
        good = [threads.submit(bare, GOOD) for _ in range(8)]

        assert isinstance(deadly.exception(), RenderingFailed)
        assert all("<!doctype html>" in page.result() for page in good)


def test_compiler_that_cannot_start_says_so() -> None:
    with (
        MjmlCompiler(target="no.such.module:function") as absent,
        pytest.raises(RenderingFailed, match="died"),
    ):
        absent(GOOD)


def test_compiler_close_ends_the_child() -> None:
    compiler = MjmlCompiler()
    compiler(GOOD)
    child = compiler.pid
    compiler.close()

    assert child
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
