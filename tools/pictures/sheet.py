"""One sheet of paper: collects SVG shapes, paints and print grain; knows no scene and no file.

All coordinates are pixels on a sheet of 1200 by 800, y growing downwards. The look is that of a
screen print: flat shapes, and shadows made of speckles instead of smooth blends.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

WIDTH, HEIGHT = 1200, 800

INK, NIGHT, DEEP, SEA = "#13202e", "#1c3448", "#23566a", "#3e8490"
FOAM, MIST, CREAM, SAND = "#a5cbc4", "#d5e2d6", "#f8eed8", "#ead09f"
AMBER, CORAL, RUST, WINE = "#f2a93f", "#e15b3f", "#9d3727", "#552333"
MOSS, PINE, SKIN, STONE = "#7d9455", "#2b4d42", "#d99a74", "#8d8a84"

Point = tuple[float, float]


def smooth(points: Sequence[Point], *, closed: bool = False) -> str:
    """Return path data of a soft line through the points (Catmull-Rom turned into cubic curves)."""
    ring = (
        [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    )
    path = f"M{ring[1][0]:.1f} {ring[1][1]:.1f}"
    for before, start, end, after in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in (first, second, end))
    return path + ("Z" if closed else "")


def polygon(points: Sequence[Point]) -> str:
    """Return path data of a closed figure with straight sides."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def box(x: float, y: float, width: float, height: float) -> str:
    """Return path data of an upright rectangle."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}Z"


def disc(x: float, y: float, radius: float) -> str:
    """Return path data of a circle."""
    half = f"a{radius} {radius} 0 1 0"
    return f"M{x - radius:.1f} {y:.1f}{half} {2 * radius} 0{half} {-2 * radius} 0Z"


class Sheet:
    """Shapes in the order they are printed, and the dice that place the small ones."""

    def __init__(self, seed: str) -> None:
        self.dice = Random(seed)  # noqa: S311 - the same picture every time is the point
        self._defs: dict[str, str] = {}
        self._shapes: list[str] = []

    def svg(self) -> str:
        """Return the whole drawing as an SVG document."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}"><defs>{"".join(self._defs.values())}</defs>'
            f"{''.join(self._shapes)}</svg>"
        )

    def fill(self, path: str, colour: str, *, opacity: float = 1) -> None:
        """Print one flat shape; `colour` is a hex value or what `fade` returned."""
        self._shapes.append(f'<path d="{path}" fill="{colour}" opacity="{opacity}"/>')

    def line(
        self, path: str, colour: str, width: float, *, opacity: float = 1, cap: str = "round"
    ) -> None:
        """Print one line of the given width."""
        self._shapes.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'opacity="{opacity}" stroke-linecap="{cap}" stroke-linejoin="round"/>'
        )

    def oval(
        self, x: float, y: float, rx: float, ry: float, colour: str, *, opacity: float = 1
    ) -> None:
        """Print an ellipse around its centre."""
        self._shapes.append(
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" '
            f'fill="{colour}" opacity="{opacity}"/>'
        )

    def backdrop(self, *colours: str) -> None:
        """Cover the sheet from top to bottom with evenly spaced colours."""
        self.fill(box(0, 0, WIDTH, HEIGHT), self.fade(*colours))

    def fade(self, *colours: str, way: tuple[float, float, float, float] = (0, 0, 0, 1)) -> str:
        """Return a paint running through the colours; `way` is x1 y1 x2 y2, parts of the shape."""
        last = max(len(colours) - 1, 1)
        stops = "".join(
            f'<stop offset="{place / last:.3f}" stop-color="{colour}"/>'
            for place, colour in enumerate(colours)
        )
        x1, y1, x2, y2 = way
        place = f'x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
        return self._define(f"<linearGradient {place} id=", f">{stops}</linearGradient>")

    def halo(self, *colours: str) -> str:
        """Return a round paint that runs through the colours from the middle outwards."""
        last = max(len(colours) - 1, 1)
        stops = "".join(
            f'<stop offset="{place / last:.3f}" stop-color="{colour}"/>'
            for place, colour in enumerate(colours)
        )
        return self._define("<radialGradient id=", f">{stops}</radialGradient>")

    def shade(
        self,
        path: str,
        colour: str,
        *,
        way: tuple[float, float, float, float] = (0, 0, 0, 1),
        strength: float = 0.75,
    ) -> None:
        """Speckle a shape: nothing where `way` starts, denser towards where it ends."""
        dark = f"#000000{round(255 * strength):02x}"
        paint = self.fade("#00000000", dark, way=way)
        self._speckle(f'<path d="{path}" fill="{paint}"', colour)

    def glow(
        self, x: float, y: float, radius: float, colour: str, *, strength: float = 0.8
    ) -> None:
        """Speckle a round glow, densest in the middle."""
        light = f"#000000{round(255 * strength):02x}"
        paint = self.halo(light, f"#000000{round(110 * strength):02x}", "#00000000")
        self._speckle(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{paint}"', colour)

    @contextmanager
    def group(self, *, transform: str = "", clip: str = "", opacity: float = 1) -> Iterator[None]:
        """Print what is drawn inside moved by `transform`, and only within the path `clip`."""
        edge = self._define("<clipPath id=", f'><path d="{clip}"/></clipPath>') if clip else ""
        mask = f' clip-path="{edge}"' if clip else ""
        self._shapes.append(f'<g transform="{transform}" opacity="{opacity}"{mask}>')
        yield
        self._shapes.append("</g>")

    def _speckle(self, shape: str, colour: str) -> None:
        noise = (
            '<feTurbulence type="fractalNoise" baseFrequency="0.62" numOctaves="2" seed="11"/>'
            '<feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2.6 0 0 0 -0.75" result="noise"/>'
            '<feComposite in="SourceAlpha" in2="noise" operator="arithmetic" k2="1" k3="-1"/>'
            '<feComponentTransfer result="dots"><feFuncA type="linear" slope="7"/>'
            "</feComponentTransfer>"
            f'<feFlood flood-color="{colour}"/><feComposite in2="dots" operator="in"/>'
        )
        start = '<filter x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB" id='
        grain = self._define(start, f">{noise}</filter>")
        self._shapes.append(f'{shape} filter="{grain}"/>')

    def _define(self, start: str, end: str) -> str:
        key = start + end
        name = f"d{list(self._defs).index(key) if key in self._defs else len(self._defs)}"
        self._defs.setdefault(key, f'{start}"{name}"{end}')
        return f"url(#{name})"
