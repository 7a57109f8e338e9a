"""Distil caniemail's data to what preflight asks of it: which tags, properties, at-rules and
pictures how many mail programs show.

    npm pack caniemail && tar xzf caniemail-*.tgz
    python tools/distil_caniemail.py package

writes digest/press/preflight/caniemail.json anew. A mail program counts as showing a feature when
its newest tested version does, wholly or in part; every program counts the same.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "digest" / "press" / "preflight" / "caniemail.json"
TITLE_ENDS = re.compile(r" (?:shorthand|property|CSS property)$")
SEMANTIC = ("article", "aside", "details", "figcaption", "figure", "footer", "header", "main")
SEMANTIC += ("mark", "nav", "section", "summary", "time")
FORMATS = {"JPG": ("jpg", "jpeg"), "TIFF": ("tif", "tiff"), "HEIF": ("heic", "heif")}


def main() -> None:
    """Read the package's folder given as the only argument and write the distilled file."""
    package = Path(sys.argv[1])
    data = json.loads(next(package.rglob("caniemail.json")).read_text("utf-8"))
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    shares: dict[str, dict[str, int]] = {}
    for feature in data["data"]:
        for kind, name in names_of(feature):
            shares.setdefault(kind, {})[name] = share_of(feature["stats"])
    value = {
        "source": f"caniemail.com (hteumeuleu/caniemail, MIT), by the npm package caniemail {version}",
        "date": data["last_update_date"][:10],
        "licence": (package / "LICENSE").read_text("utf-8").strip().split("\n"),
        "per_cent": {kind: dict(sorted(names.items())) for kind, names in sorted(shares.items())},
    }
    TARGET.write_text(written(value), "utf-8")
    sys.stdout.write(f"{TARGET}: {sum(map(len, shares.values()))} names, {value['date']}\n")


def share_of(stats: dict[str, dict[str, dict[str, str]]]) -> int:
    """Return in how many of a hundred mail programs a feature works, by their newest version."""
    newest = [
        list(versions.values())[-1] for family in stats.values() for versions in family.values()
    ]
    known = [answer[0] for answer in newest if answer[0] != "u"]
    return round(100 * sum(answer in "ya" for answer in known) / len(known)) if known else 0


def names_of(feature: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a feature's kind and names as style sheets and tags spell them; none for the rest."""
    title, category = feature["title"], feature["category"]
    if category == "html":
        return [("tags", tag) for tag in _tags(title)]
    if category == "image":
        kind = title.removesuffix(" image format")
        names = FORMATS.get(kind, (kind.lower(),))
        return [("pictures", name) for name in names if name.isalpha()]
    return _css_names(title) if category == "css" else []


def _tags(title: str) -> list[str]:
    if title == "<h1> to <h6> elements":
        return [f"h{level}" for level in range(1, 7)]
    if title == "HTML5 semantics":
        return list(SEMANTIC)
    if title == "Embedded <svg> image":
        return ["svg"]
    if title == "address":
        return ["address"]
    return re.findall(r"<([a-z]+)", title) if "type=" not in title else []


def _css_names(title: str) -> list[tuple[str, str]]:
    if title.startswith("@"):
        features = re.findall(r"\((?:any-)?([a-z-]+)\)", title)
        name = title.split()[0]
        return [("at_rules", f"{name} ({one})") for one in features] or [("at_rules", name)]
    if title.startswith(":"):
        return [("pseudos", title)]
    if pair := re.fullmatch(r"([a-z-]+): ?([a-z]+)", title):
        return [("values", f"{pair[1]}:{pair[2]}")]
    if functions := re.findall(r"([a-z-]+)\(\)", title):
        return [("functions", name) for name in functions]
    if title.startswith("CSS Variables"):
        return [("functions", "var")]
    if "ui-serif" in title:  # a family of fonts
        return []
    names = re.split(r", | & ", TITLE_ENDS.sub("", title.strip()))
    return [("properties", one) for one in names if re.fullmatch(r"[a-z]+(-[a-z]+)*", one)]


def written(value: dict[str, Any]) -> str:
    """Return JSON with a line for each kind, so that a new edition can be read as a change."""
    rows = [
        f"  {json.dumps(kind)}: {json.dumps(names)}" for kind, names in value["per_cent"].items()
    ]
    head = {key: part for key, part in value.items() if key != "per_cent"}
    lines = [
        f" {json.dumps(key)}: {json.dumps(part, ensure_ascii=False)}," for key, part in head.items()
    ]
    return "\n".join(["{", *lines, ' "per_cent": {', ",\n".join(rows), " }", "}"]) + "\n"


if __name__ == "__main__":
    main()
