"""Scenes under a roof: council chamber, smokehouse, reading room, press hall, glasshouse."""

from math import cos, pi, sin

from pictures.motifs import gulls, hills, person, rays, ripples, stars
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

WOOD, DARK_WOOD = "#8a4b2d", "#4a2622"


def council_chamber(sheet: Sheet) -> None:
    """The council sits; the harbour waits in the window."""
    sheet.backdrop("#6d3a2c", WOOD, "#a9623a")
    for x in range(0, WIDTH, 100):
        sheet.line(f"M{x} 0V560", DARK_WOOD, 3, opacity=0.6)
    sheet.shade(box(0, 0, WIDTH, 560), DARK_WOOD, way=(0, 1, 0, 0), strength=0.9)
    for x in (170, 1030):
        _tall_window(sheet, x, 86, 0.72)
    _tall_window(sheet, 600, 60, 1)
    dais = polygon([(330, 430), (870, 430), (910, 560), (290, 560)])
    for x, coat, hair in (
        (420, DEEP, CREAM),
        (510, WINE, INK),
        (690, PINE, DARK_WOOD),
        (780, NIGHT, SAND),
    ):
        _sitter(sheet, x, 440, 1, coat, hair)
    sheet.fill("M548 440V330Q600 286 652 330V440Z", RUST)
    _sitter(sheet, 600, 438, 1.12, INK, "#cfc8b8")
    sheet.line("M572 424Q600 462 628 424", AMBER, 6)
    sheet.fill(dais, DARK_WOOD)
    sheet.shade(dais, INK, way=(0, 0, 0, 1), strength=0.9)
    sheet.fill(box(318, 422, 564, 16), SAND)
    sheet.fill(disc(600, 498, 34), AMBER)
    sheet.line("M600 474V520M584 486H616M578 508Q600 532 622 508", DARK_WOOD, 6)
    for row, (y, size, count) in enumerate(((566, 1.0, 8), (650, 1.35, 7), (762, 1.9, 6))):
        _benches(sheet, y, size, count, row)
    for x in (300, 600, 900):
        sheet.glow(x, 76, 130, AMBER, strength=0.7)
        sheet.line(f"M{x} 0V58", INK, 4)
        sheet.fill(f"M{x - 40} 84Q{x} 30 {x + 40} 84Z", INK)
        sheet.oval(x, 85, 30, 7, "#fff0c0")


def _tall_window(sheet: Sheet, x: float, top: float, size: float) -> None:
    pane = "M-92 320V92a92 92 0 0 1 184 0V320Z"
    with sheet.group(transform=f"translate({x} {top}) scale({size})"):
        sheet.fill("M-106 330V92a106 106 0 0 1 212 0V330Z", SAND)
        sheet.fill(pane, sheet.fade("#7fb2b4", FOAM, CREAM))
        with sheet.group(clip=pane):
            sheet.fill(box(-100, 236, 200, 100), SEA)
            ripples(sheet, 20, (-90, 244, 180, 70), CREAM, longest=50)
            sheet.line(
                "M30 262L36 130M76 262L82 130M4 136H130M36 130L60 80L80 130M60 80L6 134", NIGHT, 5
            )
            sheet.fill("M-76 250h70l-12 22h-46Z", CORAL)
            sheet.fill("M-44 246V180L-10 246Z", CREAM)
        sheet.line("M0 4V320M-92 120H92M-92 220H92", SAND, 7)


def _sitter(
    sheet: Sheet, x: float, y: float, size: float, coat: str, hair: str, *, back: bool = False
) -> None:
    with sheet.group(transform=f"translate({x} {y}) scale({size})"):
        sheet.fill("M-40 4Q-42 -46 0 -50Q42 -46 40 4Z", coat)
        if not back:
            sheet.fill("M-9 -48L0 -20L9 -48Z", CREAM)
        sheet.fill(disc(0, -68, 21), hair if back else SKIN)
        sheet.fill("M-22 -66a22 23 0 0 1 44 0q-6 -12 -22 -12t-22 12Z", hair)


def _benches(sheet: Sheet, y: float, size: float, count: int, row: int) -> None:
    coats = (NIGHT, RUST, DEEP, SAND, INK, PINE, CORAL, WINE)
    hairs = (DARK_WOOD, "#cfc8b8", INK, "#b5643a", "#e7d3a0")
    for place in range(count):
        x = WIDTH / 2 + (place - (count - 1) / 2) * 150 * size**0.55 + row * 18
        if (place + row) % 5 != 3:
            _sitter(
                sheet,
                x,
                y,
                size,
                coats[(place * 3 + row) % 8],
                hairs[(place * 2 + row) % 5],
                back=True,
            )
    bench = box(0, y - 8, WIDTH, 120)
    sheet.fill(bench, (WOOD, "#6d3a2c", DARK_WOOD)[row])
    sheet.shade(bench, INK, way=(0, 0, 0, 1), strength=0.8)
    sheet.line(f"M0 {y - 4}H{WIDTH}", SAND, 4 + row * 2, cap="butt", opacity=0.8)


def smokehouse(sheet: Sheet) -> None:
    """Herring on their rods, gold over the embers."""
    sheet.backdrop("#150f14", "#2d1719", WINE, RUST)
    sheet.glow(600, 800, 620, CORAL, strength=0.9)
    sheet.fill("M860 800V330a120 120 0 0 1 240 0V800Z", sheet.fade(CREAM, "#f4cf8c", AMBER))
    sheet.glow(980, 520, 300, CREAM, strength=0.6)
    person(sheet, 985, 806, 420, INK, legs=INK, stride=0.03, skin="#3a2420", hat=INK)
    sheet.line("M940 500Q884 492 872 420", INK, 24)
    for y, size, tone in ((70, 0.62, "#8a4f2a"), (230, 0.84, "#c47a31"), (430, 1.12, AMBER)):
        far = y < 400
        sheet.line(f"M-10 {y}H{WIDTH + 10 if far else 800}", "#1d1014", 10 * size, cap="butt")
        step = round(78 * size)
        for x in range(round(30 * size), 1200 if far else 790, step):
            _herring(sheet, x + sheet.dice.uniform(-4, 4), y, size, tone)
    for x in range(40, 840, 62):
        tall = sheet.dice.uniform(20, 64)
        sheet.fill(
            f"M{x - 24} 800Q{x - 18} {790 - tall * 0.5} {x} {790 - tall}"
            f"Q{x + 20} {790 - tall * 0.4} {x + 24} 800Z",
            CORAL,
        )
        sheet.fill(
            f"M{x - 12} 800Q{x - 8} {796 - tall * 0.4} {x} {794 - tall * 0.6}"
            f"Q{x + 10} {796 - tall * 0.3} {x + 12} 800Z",
            AMBER,
        )
    for x in (120, 380, 640):
        smoke = (
            f"M{x} 760C{x - 70} 660 {x + 80} 590 {x + 10} 480"
            f"C{x - 50} 380 {x + 70} 300 {x + 20} 180C{x + 110} 300 {x + 10} 390 {x + 60} 480"
            f"C{x + 120} 600 {x} 670 {x + 40} 760Z"
        )
        sheet.fill(smoke, CREAM, opacity=0.10)
    sheet.shade(box(0, 0, 820, 300), "#150f14", way=(0, 1, 0, 0), strength=0.6)


def _herring(sheet: Sheet, x: float, y: float, size: float, tone: str) -> None:
    body = "M0 0C-26 30 -26 92 -6 140L-20 170L0 160L20 170L6 140C26 92 26 30 0 0Z"
    with sheet.group(transform=f"translate({x:.0f} {y}) scale({size})"):
        sheet.fill(body, tone)
        sheet.shade(body, WINE, way=(0, 0, 1, 0), strength=1.0)
        sheet.fill("M-12 30q12 10 24 0q-2 14 -12 14t-12 -14Z", WINE, opacity=0.5)
        sheet.fill(disc(-6, 22, 4), INK)
        sheet.fill("M-17 74l-12 18l14 6Z", tone)
        sheet.line("M-10 54Q-14 92 -3 130", CREAM, 3, opacity=0.55)


def reading_room(sheet: Sheet) -> None:
    """A reader under a green lamp, late in the library."""
    sheet.backdrop("#1d2c33", "#26393d", "#30302f")
    for x, width in ((0, 380), (820, 380)):
        _shelves(sheet, x, width)
    frame = "M420 560V210a180 180 0 0 1 360 0V560Z"
    sheet.fill(frame, DARK_WOOD)
    pane = "M438 560V212a162 162 0 0 1 324 0V560Z"
    sheet.fill(pane, sheet.fade(NIGHT, DEEP, "#6fa2a0"))
    with sheet.group(clip=pane):
        stars(sheet, 160, 330, CREAM)
        sheet.fill(disc(680, 170, 38), CREAM)
        sheet.fill(hills(sheet, 500, 50, 12, INK), INK)
        for x in range(450, 760, 26):
            sheet.fill(box(x, 500 + x % 4 * 8, 5, 7), AMBER)
    sheet.line("M600 50V560M438 212H762M438 330H762M438 450H762", DARK_WOOD, 9)
    sheet.line("M880 800L960 60M950 800L1030 60", "#b9703f", 11, cap="butt")
    for step in range(12):
        left, level = 888 + step * 6.4, 740 - step * 58
        sheet.line(f"M{left} {level}h66", "#b9703f", 8)
    sheet.glow(470, 500, 330, AMBER, strength=0.75)
    _reader(sheet)
    table = polygon([(90, 640), (1110, 640), (1240, 820), (-40, 820)])
    sheet.fill(table, WOOD)
    sheet.shade(table, DARK_WOOD, way=(0.4, 0, 1, 0.6), strength=0.95)
    sheet.fill(polygon([(330, 650), (640, 650), (700, 720), (280, 720)]), "#f1c877", opacity=0.5)
    _lamp_and_book(sheet)


def _shelves(sheet: Sheet, left: float, width: float) -> None:
    sheet.fill(box(left, 0, width, 640), DARK_WOOD)
    tones = (RUST, DEEP, SAND, WINE, PINE, CORAL, SEA, AMBER, NIGHT, MOSS, "#7d4a3a")
    for row in range(6):
        foot, x = 96 + row * 106, left + 16
        sheet.fill(box(left + 12, foot - 88, width - 24, 88), "#1b1416")
        while x < left + width - 40:
            thick, tall = sheet.dice.uniform(10, 27), sheet.dice.uniform(58, 86)
            if sheet.dice.random() < 0.93:
                sheet.fill(box(x, foot - tall, thick - 2, tall), sheet.dice.choice(tones))
                sheet.fill(box(x, foot - tall * 0.8, thick - 2, 4), SAND, opacity=0.7)
            x += thick
        sheet.fill(box(left + 6, foot, width - 12, 11), "#a5613a")
    sheet.shade(
        box(left, 0, width, 640), INK, way=(1, 0, 0, 0) if left == 0 else (0, 0, 1, 0), strength=0.8
    )


def _reader(sheet: Sheet) -> None:
    sheet.fill("M520 660Q520 470 634 456Q760 466 770 660Z", CORAL)
    sheet.shade("M520 660Q520 470 634 456Q760 466 770 660Z", WINE, way=(0, 0, 1, 0), strength=0.95)
    sheet.fill(disc(626, 400, 60), SKIN)
    sheet.fill(
        "M566 396Q560 320 640 326Q712 336 700 420Q696 462 672 470Q684 420 660 384"
        "Q620 372 588 380Q574 384 566 396Z",
        INK,
    )
    sheet.fill(disc(706, 360, 26), INK)
    sheet.line("M596 404a14 14 0 1 0 0.1 0M590 406h-18", INK, 4)
    sheet.line("M552 620L500 660L470 640", CORAL, 38)
    sheet.line("M736 620L640 668L580 650", WINE, 38)


def _lamp_and_book(sheet: Sheet) -> None:
    sheet.fill(
        "M410 660Q470 630 530 656Q590 630 650 660V690Q590 664 530 688Q470 662 410 690Z", CREAM
    )
    sheet.line("M530 656V688", SAND, 4)
    sheet.line("M430 668Q476 648 514 664M546 664Q592 648 632 668", "#b7a98d", 3)
    sheet.fill("M250 560Q256 488 350 484Q444 488 450 560Z", "#3f8f6b")
    sheet.shade("M250 560Q256 488 350 484Q444 488 450 560Z", PINE, way=(0, 0, 1, 0), strength=0.9)
    sheet.oval(350, 560, 100, 11, "#fff0bd")
    sheet.line("M350 484V462M350 570V680", "#d9a24a", 9)
    sheet.oval(350, 690, 62, 14, "#d9a24a")
    for place, (tone, long) in enumerate(((RUST, 190), (DEEP, 170), (SAND, 180), (PINE, 150))):
        sheet.fill(box(880 - place * 6, 690 - place * 26, long, 24), tone)
        sheet.fill(box(880 - place * 6, 695 - place * 26, 14, 14), CREAM, opacity=0.7)


def press_hall(sheet: Sheet) -> None:
    """The old cylinder press runs once more."""
    sheet.backdrop("#21343c", "#31505a", "#4a6d70")
    rays(sheet, 930, 120, 1300, 18, CREAM, 0.05)
    for x in (60, 400, 740):
        sheet.fill(f"M{x} 300V110a80 80 0 0 1 160 0V300Z", "#c9d9c8")
        sheet.line(f"M{x + 80} 30V300M{x} 130H{x + 160}M{x} 215H{x + 160}", "#21343c", 7)
    sheet.shade(box(0, 0, WIDTH, 480), INK, way=(1, 0, 0, 1), strength=0.7)
    sheet.fill(box(0, 640, WIDTH, 170), "#1a2a31")
    sheet.shade(box(0, 640, WIDTH, 60), SAND, way=(0, 1, 0, 0), strength=0.25)
    _web_of_paper(sheet)
    frame = "M300 690V420L380 350H820L900 420V690H820V560H380V690Z"
    sheet.fill(frame, INK)
    sheet.shade(frame, SEA, way=(1, 1, 0, 0), strength=0.4)
    for x, y, radius, spokes in ((470, 420, 112, 6), (716, 396, 92, 6), (600, 570, 66, 5)):
        _wheel(sheet, x, y, radius, spokes)
    sheet.line("M470 308L716 304M470 532L716 488", "#10181e", 9)
    _wheel(sheet, 930, 560, 146, 8)
    person(sheet, 170, 740, 330, CORAL, legs=NIGHT, stride=0.06, hat=SAND)
    sheet.line("M200 520L290 486", CORAL, 28)
    person(sheet, 1110, 742, 310, SAND, legs=WINE, stride=-0.06, skin="#7a4a36")
    sheet.line("M1082 540L1016 566", SAND, 26)


def _web_of_paper(sheet: Sheet) -> None:
    web = smooth([(1210, 180), (1010, 240), (860, 236), (716, 296), (560, 300), (420, 300)])
    sheet.line(web, CREAM, 84, cap="butt")
    sheet.line(web, "#b9b09a", 3, cap="butt")
    for place, (x, y, turn) in enumerate(
        ((236, 218, -14), (120, 140, 9), (330, 120, 22), (60, 330, -24))
    ):
        with sheet.group(transform=f"translate({x} {y}) rotate({turn})"):
            sheet.fill(box(-62, -80, 124, 160), CREAM)
            sheet.fill(box(-50, -68, 100, 16), INK)
            sheet.fill(box(-50, -44, 60, 50), (CORAL, DEEP, AMBER, RUST)[place])
            for row in range(7):
                if row > 2:
                    sheet.line(f"M-50 {-38 + row * 16}H10", "#8d8a84", 4, cap="butt")
                sheet.line(f"M18 {-38 + row * 16}H50", "#8d8a84", 4, cap="butt")


def _wheel(sheet: Sheet, x: float, y: float, radius: float, spokes: int) -> None:
    for tooth in range(spokes * 6):
        angle = 2 * pi * tooth / (spokes * 6)
        sheet.fill(
            disc(
                round(x + radius * cos(angle), 1), round(y + radius * sin(angle), 1), radius * 0.06
            ),
            RUST,
        )
    sheet.fill(disc(x, y, radius), RUST)
    sheet.shade(disc(x, y, radius), WINE, way=(0.1, 0, 0.9, 1), strength=1)
    sheet.fill(disc(x, y, radius * 0.78), "#18242b")
    for spoke in range(spokes):
        angle = 2 * pi * spoke / spokes + 0.3
        sheet.line(
            f"M{x} {y}L{x + radius * 0.8 * cos(angle):.1f} {y + radius * 0.8 * sin(angle):.1f}",
            RUST,
            radius * 0.11,
        )
    sheet.fill(disc(x, y, radius * 0.2), AMBER)
    sheet.fill(disc(x, y, radius * 0.08), INK)


def glasshouse(sheet: Sheet) -> None:
    """The glasshouse on the pier, lit after dark."""
    sheet.backdrop("#1c2b45", "#4d4a63", "#b66a55", AMBER)
    stars(sheet, 50, 240, CREAM)
    sheet.fill(hills(sheet, 610, 60, 7, NIGHT), NIGHT)
    shell = "M170 700V420Q190 200 600 130Q1010 200 1030 420V700Z"
    sheet.glow(600, 460, 600, AMBER, strength=0.6)
    sheet.fill(shell, sheet.fade("#ffe7a8", "#f7cf80", "#d8c27a"))
    with sheet.group(clip=shell):
        for x, y, size, tone in (
            (250, 720, 1.2, MOSS),
            (950, 720, 1.3, PINE),
            (760, 730, 0.9, MOSS),
            (430, 730, 1.5, PINE),
        ):
            _fern(sheet, x, y, size, tone)
        for x in range(190, 1020, 46):
            tall = sheet.dice.uniform(20, 90)
            sheet.fill(
                f"M{x} 720Q{x - 34} {690 - tall} {x - 8} {660 - tall}"
                f"Q{x + 34} {690 - tall} {x + 30} 720Z",
                sheet.dice.choice((MOSS, PINE, "#5d7f4e")),
            )
            if tall > 50:
                sheet.fill(disc(x, round(672 - tall), 11), CORAL)
    person(sheet, 610, 706, 210, CORAL, legs=NIGHT, stride=0.05, hat=NIGHT)
    sheet.line("M584 580L540 606", CORAL, 20)
    sheet.fill("M500 596h44v34h-36Z", DEEP)
    sheet.line("M500 602L470 584", DEEP, 7)
    ribs = (
        "M600 130V700M400 172Q330 300 330 700M800 172Q870 300 870 700M250 250Q222 380 222 700"
        "M950 250Q978 380 978 700"
    )
    sheet.line(
        f"{shell}{ribs}M180 400H1020M172 540H1028M270 270H930M470 152V700M730 152V700", INK, 7
    )
    sheet.fill("M560 130L600 76L640 130Z", INK)
    sheet.fill(box(120, 696, 960, 26), INK)
    sheet.fill(box(0, 720, WIDTH, 90), "#16222d")
    ripples(sheet, 70, (80, 730, 1040, 60), AMBER, opacity=0.7)
    sheet.shade(box(0, 0, WIDTH, 300), INK, way=(0, 1, 0, 0), strength=0.5)
    gulls(sheet, 5, (60, 90, 260, 120), INK, 26)
    sheet.shade(box(0, HEIGHT - 60, WIDTH, 60), MIST, strength=0.06)


def _fern(sheet: Sheet, x: float, y: float, size: float, tone: str) -> None:
    for turn in range(-4, 5):
        reach, drop = turn * 62 * size, abs(turn) ** 1.5 * 26 * size
        top = y - 330 * size + drop
        tip_x, tip_y = x + reach, top + 60 * size * abs(turn) / 2
        sheet.fill(
            f"M{x} {y}Q{x + reach * 0.15:.0f} {top:.0f} {tip_x:.0f} {tip_y:.0f}"
            f"Q{x + reach * 0.5:.0f} {top + 46 * size:.0f} {x + 12} {y}Z",
            tone,
        )


SCENES = {
    "council-chamber": council_chamber,
    "smokehouse": smokehouse,
    "reading-room": reading_room,
    "press-hall": press_hall,
    "glasshouse": glasshouse,
}
