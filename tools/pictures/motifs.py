"""Things that come back in several scenes: people, gulls, water, rain, clouds; no scene itself."""

from math import cos, pi, sin

from pictures.sheet import HEIGHT, INK, SKIN, WIDTH, Point, Sheet, box, disc, polygon, smooth


def person(
    sheet: Sheet,
    x: float,
    y: float,
    height: float,
    coat: str,
    *,
    legs: str = INK,
    stride: float = 0.08,
    skin: str = SKIN,
    hat: str = "",
) -> None:
    """Draw someone seen from afar, feet at (x, y); `stride` is in parts of the height."""
    h = height
    for foot in (-stride, stride):
        sheet.line(f"M{x} {y - 0.42 * h}L{x + foot * h} {y}", legs, 0.085 * h, cap="butt")
    sheet.fill(
        smooth(
            [
                (x - 0.10 * h, y - 0.80 * h), (x, y - 0.83 * h), (x + 0.10 * h, y - 0.80 * h),
                (x + 0.145 * h, y - 0.60 * h), (x + 0.155 * h, y - 0.34 * h), (x, y - 0.31 * h),
                (x - 0.155 * h, y - 0.34 * h), (x - 0.145 * h, y - 0.60 * h),
            ],
            closed=True,
        ),
        coat,
    )  # fmt: skip
    sheet.fill(disc(x + 0.2 * stride * h, y - 0.905 * h, 0.078 * h), skin)
    if hat:
        top = y - 0.93 * h
        sheet.fill(
            f"M{x - 0.09 * h} {top}a{0.09 * h} {0.085 * h} 0 0 1 {0.18 * h} 0"
            f"l{0.04 * h} {0.02 * h}H{x - 0.09 * h}Z",
            hat,
        )


def gulls(
    sheet: Sheet,
    count: int,
    where: tuple[float, float, float, float],
    colour: str,
    size: float = 26,
) -> None:
    """Scatter gulls over the box x, y, width, height."""
    left, top, width, height = where
    for _ in range(count):
        x, y = left + sheet.dice.random() * width, top + sheet.dice.random() * height
        wing = size * sheet.dice.uniform(0.5, 1.1)
        lift = wing * sheet.dice.uniform(0.25, 0.5)
        sheet.fill(
            f"M{x - wing:.1f} {y - lift * 0.4:.1f}"
            f"Q{x - wing * 0.45:.1f} {y - lift * 1.5:.1f} {x:.1f} {y:.1f}"
            f"Q{x + wing * 0.5:.1f} {y - lift * 1.7:.1f} {x + wing:.1f} {y - lift * 0.7:.1f}"
            f"Q{x + wing * 0.5:.1f} {y - lift * 1.1:.1f} {x:.1f} {y + wing * 0.16:.1f}"
            f"Q{x - wing * 0.45:.1f} {y - lift * 0.9:.1f} {x - wing:.1f} {y - lift * 0.4:.1f}Z",
            colour,
        )


def ripples(
    sheet: Sheet,
    count: int,
    where: tuple[float, float, float, float],
    colour: str,
    *,
    opacity: float = 0.8,
    longest: float = 150,
) -> None:
    """Lay level glints on water; they grow longer and thicker towards the viewer."""
    left, top, width, height = where
    for _ in range(count):
        near = sheet.dice.random()
        y, x = top + near * height, left + sheet.dice.random() * width
        half = longest * (0.25 + 0.75 * near) * sheet.dice.uniform(0.3, 1) / 2
        thick = 1.5 + 4 * near
        sheet.fill(
            f"M{x - half:.1f} {y:.1f}Q{x:.1f} {y - thick:.1f} {x + half:.1f} {y:.1f}"
            f"Q{x:.1f} {y + thick:.1f} {x - half:.1f} {y:.1f}Z",
            colour,
            opacity=opacity,
        )


def swell(
    sheet: Sheet, y: float, height: float, length: float, colour: str, phase: float = 0
) -> str:
    """Draw a band of sea from a rolling crest down to the foot of the sheet; return its path."""
    crest: list[Point] = []
    x = -length
    while x <= WIDTH + length:
        crest.append((x, y + height * sin(2 * pi * (x / length) + phase)))
        x += length / 4
    path = smooth(crest) + f"L{WIDTH + length} {HEIGHT + 20}L{-length} {HEIGHT + 20}Z"
    sheet.fill(path, colour)
    return path


def rain(
    sheet: Sheet, count: int, colour: str, *, slant: float = 0.18, opacity: float = 0.4
) -> None:
    """Draw fine slanting rain over the whole sheet."""
    for _ in range(count):
        x, y = sheet.dice.uniform(-60, WIDTH + 60), sheet.dice.uniform(-40, HEIGHT)
        long = sheet.dice.uniform(22, 60)
        sheet.line(f"M{x:.0f} {y:.0f}l{-slant * long:.1f} {long:.1f}", colour, 1.6, opacity=opacity)


def stars(sheet: Sheet, count: int, bottom: float, colour: str) -> None:
    """Scatter stars above `bottom`."""
    for _ in range(count):
        x, y = sheet.dice.random() * WIDTH, sheet.dice.random() ** 1.4 * bottom
        sheet.fill(
            disc(round(x, 1), round(y, 1), round(sheet.dice.uniform(0.8, 2.4), 1)),
            colour,
            opacity=0.85,
        )


def cloud(
    sheet: Sheet, x: float, y: float, width: float, colour: str, *, opacity: float = 1
) -> None:
    """Draw a flat-bottomed cloud whose foot is centred on (x, y)."""
    lumps = [
        (-0.5, 0),
        (-0.42, -0.10),
        (-0.28, -0.12),
        (-0.16, -0.24),
        (0.04, -0.27),
        (0.18, -0.16),
    ]
    lumps += [(0.32, -0.15), (0.43, -0.05), (0.5, 0)]
    path = smooth([(x + a * width, y + b * width) for a, b in lumps])
    sheet.fill(path + "Z", colour, opacity=opacity)


def hills(sheet: Sheet, base: float, rise: float, steps: int, colour: str) -> str:
    """Draw a rolling ridge across the sheet down to its foot; return its path."""
    ridge = [
        (-40 + place * (WIDTH + 80) / steps, base - rise * sheet.dice.random())
        for place in range(steps + 1)
    ]
    path = smooth(ridge) + f"L{WIDTH + 40} {HEIGHT + 20}L-40 {HEIGHT + 20}Z"
    sheet.fill(path, colour)
    return path


def rays(
    sheet: Sheet, x: float, y: float, reach: float, count: int, colour: str, opacity: float = 0.25
) -> None:
    """Draw a fan of light from (x, y) all the way round."""
    for step in range(count):
        angle = 2 * pi * step / count
        spread = pi / count * 0.5
        far = [
            (x + reach * cos(angle + side), y + reach * sin(angle + side))
            for side in (-spread, spread)
        ]
        sheet.fill(polygon([(x, y), *far]), colour, opacity=opacity)


def house(
    sheet: Sheet,
    x: float,
    base: float,
    width: float,
    height: float,
    wall: str,
    roof: str,
    lit: str = "",
) -> None:
    """Draw a gabled house front standing on `base`; `lit` paints its windows."""
    gable = width * 0.45
    sheet.fill(box(x, base - height, width, height), wall)
    sheet.fill(
        polygon(
            [
                (x - 8, base - height),
                (x + width / 2, base - height - gable),
                (x + width + 8, base - height),
            ]
        ),
        roof,
    )
    if not lit:
        return
    pane = width * 0.2
    for row in range(int(height // (pane * 2.4))):
        for column in (0.2, 0.6):
            if sheet.dice.random() < 0.6:
                sheet.fill(
                    box(
                        x + width * column,
                        base - height + pane * 0.6 + row * pane * 2.3,
                        pane,
                        pane * 1.4,
                    ),
                    lit,
                )
