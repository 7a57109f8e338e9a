"""Scenes without a street: the bird cliff and the seagrass meadow."""

from math import sin

from pictures.motifs import cloud, gulls, ripples, swell
from pictures.sheet import (
    AMBER,
    CORAL,
    CREAM,
    DEEP,
    FOAM,
    HEIGHT,
    INK,
    MIST,
    MOSS,
    NIGHT,
    PINE,
    SAND,
    SEA,
    WIDTH,
    Sheet,
    box,
    disc,
    polygon,
    smooth,
)  # fmt: skip


def bird_cliff(sheet: Sheet) -> None:
    """Guillemots on every ledge of the stack, and room to spare on a few."""
    sheet.backdrop("#9ec6c1", MIST, CREAM, "#f4d5a5")
    sheet.fill(disc(250, 330, 96), AMBER)
    sheet.shade(disc(250, 330, 96), CORAL, strength=0.7)
    for x, y, width in ((160, 150, 330), (470, 250, 280)):
        cloud(sheet, x, y, width, CREAM)
    sheet.fill(box(0, 560, WIDTH, 250), sheet.fade("#7fb0ad", SEA, DEEP))
    ripples(sheet, 60, (120, 566, 270, 120), "#f7cf8c", opacity=0.9)
    ripples(sheet, 70, (0, 566, WIDTH, 200), CREAM, opacity=0.5)
    stack = (
        smooth(
            [
                (330, 640),
                (352, 520),
                (390, 450),
                (404, 400),
                (440, 396),
                (470, 470),
                (500, 560),
                (520, 640),
            ]
        )
        + "Z"
    )
    sheet.fill(stack, "#51626a")
    sheet.shade(stack, INK, way=(0, 0, 1, 0), strength=0.8)
    cliff = (
        "M1220 820H560L590 690L570 610L622 520L612 430L668 340L660 250L730 160L800 96L960 60"
        "L1220 40Z"
    )
    sheet.fill(cliff, "#3b4c57")
    sheet.shade(cliff, INK, way=(0, 0, 0.6, 1), strength=0.9)
    sheet.fill("M700 196L800 96L960 60L1220 40V110L980 108L820 140Z", MOSS)
    for row, (y, left) in enumerate(((228, 700), (318, 676), (414, 640), (506, 640), (600, 600))):
        _ledge(sheet, y, left, row)
    swell(sheet, 720, 14, 300, SEA, 0.6)
    swell(sheet, 760, 12, 260, DEEP, 2.6)
    ripples(sheet, 30, (0, 730, WIDTH, 60), CREAM, opacity=0.6)
    gulls(sheet, 26, (60, 120, 560, 420), CREAM, 30)
    gulls(sheet, 9, (80, 180, 500, 300), NIGHT, 30)


def _ledge(sheet: Sheet, y: float, left: float, row: int) -> None:
    line = [(left + step * 80, y + 7 * sin(step * 1.7 + row)) for step in range(9)]
    sheet.fill(smooth(line) + f"V{y + 26}L{left + 30} {y + 26}Z", "#6d7f86")
    x = left + 26
    while x < 1190:
        if sheet.dice.random() < 0.72 - row * 0.05:
            _guillemot(sheet, x, y + 4, sheet.dice.uniform(0.8, 1.05), sheet.dice.choice((-1, 1)))
        x += sheet.dice.uniform(26, 46)


def _guillemot(sheet: Sheet, x: float, y: float, size: float, way: int) -> None:
    with sheet.group(transform=f"translate({x:.0f} {y:.0f}) scale({way * size:.2f} {size:.2f})"):
        sheet.fill("M-11 0Q-17 -28 -7 -46Q0 -60 9 -50Q14 -30 10 0Z", INK)
        sheet.fill("M-2 0Q-4 -24 6 -40Q13 -26 10 0Z", CREAM)
        sheet.fill("M6 -53L22 -49L8 -46Z", AMBER)
        sheet.fill(disc(4, -50, 2), CREAM)


def seagrass(sheet: Sheet) -> None:
    """A diver counts shoots in the meadow off the old outfall."""
    sheet.backdrop("#8fcabd", "#4d9a9b", DEEP, NIGHT)
    for x, width, lean in ((180, 90, -120), (420, 60, -60), (660, 130, 40), (930, 80, 150)):
        ray = polygon(
            [
                (x, -10),
                (x + width, -10),
                (x + width * 2.2 + lean, 720),
                (x - width * 0.6 + lean, 720),
            ]
        )
        sheet.fill(ray, sheet.fade("#f8eed866", "#f8eed800"))
    sheet.shade(box(0, 0, WIDTH, 260), CREAM, way=(0, 1, 0, 0), strength=0.5)
    mound = (
        smooth([(-40, 640), (220, 600), (520, 650), (820, 610), (1240, 660)]) + f"V{HEIGHT}H-40Z"
    )
    sheet.fill(mound, "#1a3a44")
    for near, count, tone in ((0, 90, "#2f6a5d"), (1, 80, PINE), (2, 70, "#173229")):
        for _ in range(count):
            _blade(sheet, sheet.dice.uniform(-20, 1220), near, tone)
        if near == 0:
            _diver(sheet)
            _shoal(sheet)
    for x, y in ((700, 210), (716, 170), (694, 132), (722, 90), (706, 60)):
        sheet.line(disc(x, y, 12 - y / 40), CREAM, 3)
    sheet.shade(box(0, 600, WIDTH, 200), INK, strength=0.75)


def _blade(sheet: Sheet, x: float, near: int, tone: str) -> None:
    foot = 640 + near * 84 + sheet.dice.uniform(-20, 30)
    tall, lean = sheet.dice.uniform(90, 200) + near * 24, sheet.dice.uniform(-10, 70)
    wide = 7 + near * 3
    sheet.fill(
        f"M{x:.0f} {foot + 60:.0f}"
        f"C{x - lean * 0.5:.0f} {foot - tall * 0.4:.0f} {x + lean:.0f} {foot - tall * 0.6:.0f} "
        f"{x + lean:.0f} {foot - tall:.0f}"
        f"C{x + lean + wide:.0f} {foot - tall * 0.55:.0f} {x - lean * 0.3 + wide:.0f} "
        f"{foot - tall * 0.35:.0f} {x + wide * 1.6:.0f} {foot + 60:.0f}Z",
        tone,
    )


def _diver(sheet: Sheet) -> None:
    light = polygon([(596, 412), (150, 560), (330, 700)])
    sheet.fill(light, sheet.fade("#ffeeb0cc", "#ffeeb000", way=(1, 0, 0, 0.4)))
    with sheet.group(transform="rotate(-12 700 380)"):
        sheet.line("M800 400L930 372L1010 404", INK, 34)
        sheet.line("M800 410L920 440L1006 436", NIGHT, 32)
        sheet.fill("M1000 386L1096 356L1086 420Z", CORAL)
        sheet.fill("M996 420L1092 428L1074 476Z", CORAL)
        sheet.fill("M672 340Q760 330 830 380Q836 424 800 430Q720 436 668 402Z", INK)
        sheet.fill("M700 296q60 -14 112 22q12 14 0 26q-60 -20 -116 -12q-16 -18 4 -36Z", AMBER)
        sheet.fill(disc(648, 360, 40), INK)
        sheet.fill("M606 346h34q10 16 0 32h-30Z", FOAM)
        sheet.line("M640 388Q664 420 706 318", "#0c151f", 8)
        sheet.line("M700 396L650 440L600 426", INK, 26)
        sheet.fill(box(572, 412, 40, 18), SAND)


def _shoal(sheet: Sheet) -> None:
    for _ in range(34):
        x, y = sheet.dice.gauss(300, 110), sheet.dice.gauss(270, 62)
        size = sheet.dice.uniform(0.5, 1.1)
        with sheet.group(transform=f"translate({x:.0f} {y:.0f}) scale({size:.2f})"):
            sheet.fill("M-30 0Q-4 -18 22 0L38 -12V12L22 0Q-4 18 -30 0Z", CREAM if x < 330 else FOAM)
            sheet.fill(disc(-18, -2, 2.5), INK)


SCENES = {"bird-cliff": bird_cliff, "seagrass": seagrass}
