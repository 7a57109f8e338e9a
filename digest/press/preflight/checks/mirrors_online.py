"""What only the mirrors themselves can say. Says nothing when nobody was asked."""

from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check
from digest.press.preflight.wording import is_within


@check("mirror-down", Level.WARN, "A mirror does not have the article that it should have.")
def mirror_down(material: Material) -> Iterator[Said]:
    """Each is asked for one article of the issue, which must be there under the same title.

    It is asked from here. Whether readers reach it, only a probe where they live can say.
    """
    for trial in material.trials:
        answer = (material.answers or {}).get(trial.url)
        facts = material.articles.get(trial.pick.url)
        title = facts.title if facts else trial.pick.headline
        if answer is None:
            continue
        if answer.problem:
            yield Said(f"{trial.address} of {trial.of}: {answer.problem}", trial.pick.headline)
        elif not is_within(answer.title, title):
            says = f"says {answer.title[:120]!r}" if answer.title else "has no title"
            yield Said(f"{trial.address} of {trial.of}: its page {says}", trial.pick.headline)
