"""Scenes on a table, close up: the loaves, the chess game, the letters."""

from math import cos, pi, sin

from pictures.motifs import ripples
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
    RUST,
    SAND,
    SEA,
    SKIN,
    WIDTH,
    WINE,
    Sheet,
    box,
    disc,
    polygon,
    smooth,
)  # fmt: skip

CRUST, SCORE = "#b96a34", "#f3d7a4"


def loaves(sheet: Sheet) -> None:
    """Six loaves on a floured table, seen from above."""
    sheet.fill(box(0, 0, WIDTH, HEIGHT), DEEP)
    for x in range(0, WIDTH, 240):
        sheet.fill(box(x, 0, 236, HEIGHT), sheet.dice.choice(("#2a5f70", "#25586a", "#2f6676")))
    sheet.shade(box(0, 0, WIDTH, HEIGHT), NIGHT, way=(0, 0, 1, 1), strength=0.25)
    for x, y, radius in ((400, 380, 300), (800, 420, 260)):
        sheet.glow(x, y, radius, CREAM, strength=0.3)
    cloth = polygon([(760, -20), (1220, -20), (1220, 330), (900, 250)])
    sheet.fill(cloth, CREAM)
    for step in range(6):
        sheet.line(
            f"M{800 + step * 84} -20L{930 + step * 70} {262 + step * 17}",
            CORAL,
            10 if step % 2 else 4,
        )
    for x, y, radius, cut in (
        (250, 240, 150, "leaf"),
        (580, 190, 140, "cross"),
        (210, 580, 142, "wheel"),
        (540, 540, 168, "leaf"),
        (880, 590, 150, "cross"),
        (905, 250, 128, "wheel"),
    ):
        _loaf(sheet, x, y, radius, cut)
    _wheat(sheet, 1090, 760, -72)
    _wheat(sheet, 1060, 770, -60)
    _wheat(sheet, 1130, 770, -84)
    with sheet.group(transform="translate(1102 420) rotate(66) translate(-668 -398)"):
        sheet.fill("M600 388H800Q834 396 836 408H600Z", "#cfd8d2")
        sheet.fill(box(500, 386, 104, 24), WINE)
    for _ in range(70):
        sheet.fill(
            disc(
                round(sheet.dice.uniform(0, WIDTH)),
                round(sheet.dice.uniform(0, HEIGHT)),
                round(sheet.dice.uniform(1, 3), 1),
            ),
            CREAM,
            opacity=0.8,
        )


def _loaf(sheet: Sheet, x: float, y: float, radius: float, cut: str) -> None:
    sheet.oval(x + 16, y + 22, radius * 1.02, radius * 0.98, INK, opacity=0.45)
    edge = [
        (
            x + radius * sheet.dice.uniform(0.96, 1.04) * cos(step * pi / 6),
            y + radius * sheet.dice.uniform(0.94, 1.03) * sin(step * pi / 6),
        )
        for step in range(12)
    ]
    crust = smooth(edge, closed=True)
    sheet.fill(crust, CRUST)
    sheet.shade(crust, WINE, way=(0.2, 0.1, 0.9, 1), strength=0.9)
    with sheet.group(clip=crust):
        sheet.glow(x - radius * 0.3, y - radius * 0.35, radius * 0.9, SCORE, strength=0.7)
    turn = sheet.dice.uniform(-40, 40)
    with sheet.group(transform=f"translate({x} {y}) scale({radius / 150:.2f}) rotate({turn:.0f})"):
        {"leaf": _leaf_cut, "cross": _cross_cut, "wheel": _wheel_cut}[cut](sheet)


def _leaf_cut(sheet: Sheet) -> None:
    sheet.fill("M0 -124Q16 0 0 124Q-16 0 0 -124Z", SCORE)
    for step in range(-3, 4):
        for side in (-1, 1):
            sheet.fill(
                f"M{side * 12} {step * 30 + 10}"
                f"Q{side * 50} {step * 30 - 22} {side * 92} {step * 26 - 34}"
                f"Q{side * 60} {step * 30 + 4} {side * 12} {step * 30 + 10}Z",
                SCORE,
            )


def _cross_cut(sheet: Sheet) -> None:
    for turn in (0, 90):
        with sheet.group(transform=f"rotate({turn})"):
            sheet.fill("M-116 0Q0 -30 116 0Q0 26 -116 0Z", SCORE)
            sheet.line("M-90 2Q0 -10 90 2", CRUST, 4)


def _wheel_cut(sheet: Sheet) -> None:
    for step in range(10):
        with sheet.group(transform=f"rotate({step * 36})"):
            sheet.fill("M18 0Q60 -34 116 -26Q76 -8 18 0Z", SCORE)


def _wheat(sheet: Sheet, x: float, y: float, turn: float) -> None:
    with sheet.group(transform=f"translate({x} {y}) rotate({turn})"):
        sheet.line("M-120 0Q60 -14 240 0", AMBER, 5)
        for step in range(8):
            for side in (-1, 1):
                sheet.fill(
                    f"M{90 + step * 20} 0q10 {side * 24} 36 {side * 22}"
                    f"q-8 {-side * 20} -36 {-side * 22}Z",
                    AMBER,
                )


def chess(sheet: Sheet) -> None:
    """The long game in the harbour café."""
    sheet.backdrop("#e9c58f", SAND, "#e9b77a")
    window = box(330, 30, 540, 330)
    sheet.fill(window, sheet.fade("#8fc0bd", MIST, CREAM))
    with sheet.group(clip=window):
        sheet.fill(box(330, 250, 540, 120), SEA)
        ripples(sheet, 40, (330, 256, 540, 100), CREAM, longest=80)
        sheet.fill("M500 270h130l-22 34h-86Z", CORAL)
        sheet.fill("M566 262V120L496 262ZM576 262V140L630 262Z", CREAM)
        sheet.fill(disc(760, 130, 40), AMBER)
    sheet.line("M330 30H870V360H330ZM600 30V360", WINE, 14, cap="butt")
    for x, coat, way, hair in ((170, DEEP, 1, CREAM), (1030, RUST, -1, "#8b8781")):
        _thinker(sheet, x, coat, way, hair)
    table = polygon([(180, 470), (1020, 470), (1300, 830), (-100, 830)])
    sheet.fill(table, "#7b4029")
    sheet.shade(table, WINE, strength=0.8)
    _board(sheet)
    for x, y, size, tone in (
        (452, 560, 0.5, CREAM),
        (760, 548, 0.48, INK),
        (650, 530, 0.4, CREAM),
        (540, 520, 0.38, INK),
    ):
        _pawn(sheet, x, y, size, tone)
    _king(sheet, 390, 742, 1.0, CREAM)
    _pawn(sheet, 575, 700, 0.9, CREAM)
    _knight(sheet, 800, 740, 1.0, INK)
    _pawn(sheet, 690, 620, 0.66, INK)


def _thinker(sheet: Sheet, x: float, coat: str, way: int, hair: str) -> None:
    with sheet.group(transform=f"translate({x} 0) scale({way} 1)"):
        body = "M-170 620Q-190 350 -20 330Q110 350 130 620Z"
        sheet.fill(body, coat)
        sheet.shade(body, INK, way=(1, 0, 0, 1), strength=0.9)
        sheet.fill(
            "M-60 250Q-64 160 26 156Q104 160 100 236L118 268L98 276Q98 330 40 330H-20"
            "Q-56 310 -60 250Z",
            SKIN,
        )
        sheet.fill(
            "M-66 262Q-88 150 20 140Q96 136 104 190Q60 200 30 196Q-2 214 -6 262Q-40 290 -66 262Z",
            hair,
        )
        sheet.line("M70 226h18M64 216q10 -8 24 -2", INK, 5)
        sheet.line("M96 300H78", INK, 4)
        sheet.line("M-40 560L120 560L112 350", coat, 62)
        sheet.line("M112 350L96 322", SKIN, 42)


def _board(sheet: Sheet) -> None:
    def corner(column: float, row: float) -> tuple[float, float]:
        y = 480 + 320 * (row / 8) ** 1.25
        half = 270 + 350 * (y - 480) / 320
        return 600 + (column / 8 - 0.5) * 2 * half, y

    sheet.fill(
        polygon([corner(-0.2, -0.15 + 0.15), corner(8.2, 0), corner(8.2, 8), corner(-0.2, 8)]), WINE
    )
    for row in range(8):
        for column in range(8):
            square = [
                corner(column, row),
                corner(column + 1, row),
                corner(column + 1, row + 1),
                corner(column, row + 1),
            ]
            sheet.fill(polygon(square), CREAM if (row + column) % 2 else "#3a6a72")
    sheet.shade(
        polygon([corner(0, 0), corner(8, 0), corner(8, 8), corner(0, 8)]),
        WINE,
        way=(0, 0, 1, 0.4),
        strength=0.55,
    )


def _stand(sheet: Sheet, body: str, tone: str) -> None:
    dark = CRUST if tone == CREAM else DEEP
    sheet.oval(40, 2, 100, 18, INK, opacity=0.35)
    sheet.fill(body, tone)
    sheet.shade(body, dark, way=(0.3, 0, 1, 0), strength=1.0)


def _pawn(sheet: Sheet, x: float, y: float, size: float, tone: str) -> None:
    with sheet.group(transform=f"translate({x} {y}) scale({size})"):
        _stand(
            sheet,
            "M-70 0Q-74 -34 -48 -42Q-24 -80 -24 -122H-44Q-48 -138 -36 -142"
            "A50 50 0 1 1 36 -142Q48 -138 44 -122H24Q24 -80 48 -42Q74 -34 70 0Z",
            tone,
        )


def _king(sheet: Sheet, x: float, y: float, size: float, tone: str) -> None:
    with sheet.group(transform=f"translate({x} {y}) scale({size})"):
        _stand(
            sheet,
            "M-86 0Q-90 -40 -60 -50Q-30 -130 -34 -230H-58V-252H-44Q-66 -320 -40 -336H-11V-360"
            "H-34V-382H-11V-410H11V-382H34V-360H11V-336H40Q66 -320 44 -252H58V-230H34"
            "Q30 -130 60 -50Q90 -40 86 0Z",
            tone,
        )


def _knight(sheet: Sheet, x: float, y: float, size: float, tone: str) -> None:
    with sheet.group(transform=f"translate({x} {y}) scale({size})"):
        _stand(
            sheet,
            "M-86 0Q-90 -40 -56 -50Q-62 -110 -4 -160Q-50 -150 -88 -112Q-128 -118 -126 -150"
            "Q-92 -220 -58 -250Q-48 -286 -30 -312L-8 -278Q74 -262 84 -160Q88 -96 60 -50"
            "Q90 -40 86 0Z",
            tone,
        )
        sheet.fill(disc(-46, -222, 7), CREAM)
        sheet.line("M30 -250Q66 -200 60 -120", SEA, 6)


def letters(sheet: Sheet) -> None:
    """The morning's post on an editor's desk, seen from above."""
    sheet.fill(box(0, 0, WIDTH, HEIGHT), RUST)
    sheet.shade(box(0, 0, WIDTH, HEIGHT), WINE, way=(0, 0, 1, 1), strength=0.85)
    for x, y, turn, tone, stamp in (
        (300, 250, -12, CREAM, CORAL),
        (720, 190, 8, FOAM, AMBER),
        (960, 470, -20, SAND, DEEP),
        (250, 600, 14, MIST, MOSS),
        (560, 450, -4, CREAM, SEA),
    ):
        _envelope(sheet, x, y, turn, tone, stamp)
    with sheet.group(transform="translate(770 590) rotate(9)"):
        sheet.fill(box(-160, -150, 340, 420), INK, opacity=0.3)
        sheet.fill(box(-172, -162, 340, 420), "#fffaf0")
        for row in range(10):
            wave = "".join(
                f"q10 {-9 if step % 2 else 9} 20 0"
                for step in range((13, 12, 13, 9, 0, 13, 12, 13, 11, 5)[row])
            )
            sheet.line(f"M-140 {-118 + row * 34}{wave}", NIGHT, 4)
    with sheet.group(transform="translate(930 640) rotate(-38)"):
        sheet.fill("M-150 -13H120L170 0L120 13H-150Q-166 0 -150 -13Z", PINE)
        sheet.fill("M120 -13L170 0L120 13Z", AMBER)
        sheet.line("M-60 -13V13M172 0h10", AMBER, 6)
    _cup(sheet)
    with sheet.group(transform="translate(430 700) rotate(-8)"):
        for x in (-62, 62):
            sheet.fill(disc(x, 0, 50), FOAM, opacity=0.35)
            sheet.line(disc(x, 0, 50), INK, 10)
        sheet.line("M-12 -6Q0 -22 12 -6M-110 -12L-150 -90M110 -12L150 -90", INK, 10)


def _envelope(sheet: Sheet, x: float, y: float, turn: float, tone: str, stamp: str) -> None:
    with sheet.group(transform=f"translate({x} {y}) rotate({turn})"):
        sheet.fill(box(-176, -106, 380, 250), INK, opacity=0.35)
        body = box(-190, -120, 380, 240)
        sheet.fill(body, tone)
        sheet.shade(body, STAIN, way=(0, 0, 1, 1), strength=0.5)
        sheet.fill(box(106, -102, 66, 80), stamp)
        sheet.fill(box(112, -96, 54, 68), CREAM)
        sheet.fill("M118 -34q8 -44 20 -50q14 8 22 50Z", stamp)
        for ring in (26, 36):
            sheet.line(disc(84, -58, ring), NIGHT, 3, opacity=0.6)
        sheet.line(
            "M60 -44q8 -10 16 0t16 0t16 0M60 -62q8 -10 16 0t16 0t16 0", NIGHT, 3, opacity=0.6
        )
        for row, long in enumerate((170, 140, 190)):
            sheet.line(f"M-120 {10 + row * 30}h{long}", NIGHT, 6, opacity=0.85)


STAIN = "#a98f68"


def _cup(sheet: Sheet) -> None:
    sheet.oval(1070, 210, 128, 126, INK, opacity=0.35)
    sheet.fill(disc(1058, 196, 126), DEEP)
    sheet.shade(disc(1058, 196, 126), NIGHT, way=(0, 0, 1, 1), strength=0.9)
    sheet.line("M1118 250L1172 302", CREAM, 22)
    sheet.fill(disc(1058, 196, 80), CREAM)
    sheet.fill(disc(1058, 196, 66), "#4b2518")
    sheet.shade(disc(1058, 196, 66), CRUST, way=(1, 1, 0, 0), strength=0.7)


SCENES = {"loaves": loaves, "chess": chess, "letters": letters}
