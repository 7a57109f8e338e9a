"""Scenes at the water's edge: cranes, the ferry, the lighthouse, the storm, the shipyard."""

from math import cos, pi, sin

from pictures.motifs import cloud, gulls, hills, person, rays, ripples, stars, swell
from pictures.sheet import (
    AMBER,
    CORAL,
    CREAM,
    DEEP,
    FOAM,
    INK,
    MIST,
    NIGHT,
    RUST,
    SAND,
    SEA,
    WIDTH,
    WINE,
    Sheet,
    box,
    disc,
    polygon,
    smooth,
)  # fmt: skip


def cranes_at_dawn(sheet: Sheet) -> None:
    """Gantry cranes before a low sun; the early shift walks to work."""
    sheet.backdrop(DEEP, "#6f8f8d", "#d8a878", AMBER, "#f6cf86")
    sheet.glow(770, 520, 520, CREAM, strength=0.75)
    sheet.fill(disc(770, 500, 118), CREAM)
    for x, y, width in ((190, 150, 420), (1030, 210, 380), (560, 90, 260)):
        cloud(sheet, x, y, width, CORAL, opacity=0.5)
    sheet.fill(hills(sheet, 548, 46, 9, "#8a6f6b"), "#8a6f6b")
    sheet.fill(box(0, 560, WIDTH, 240), sheet.fade("#e8b36a", "#7d7f7c", DEEP))
    ripples(sheet, 90, (560, 566, 430, 120), CREAM, opacity=0.75, longest=120)
    ripples(sheet, 60, (0, 566, WIDTH, 120), DEEP, opacity=0.45)
    for x, size, colour in ((905, 0.62, "#5b4a56"), (600, 0.8, "#3d3a4c"), (170, 1.12, INK)):
        _gantry(sheet, x, size, colour)
    _freighter(sheet)
    gulls(sheet, 11, (380, 120, 560, 240), INK, 20)
    sheet.fill(box(0, 690, WIDTH, 110), INK)
    sheet.shade(box(0, 690, WIDTH, 50), CORAL, way=(0, 1, 0, 0), strength=0.4)
    for step, coat in enumerate((CORAL, NIGHT, AMBER, DEEP, CORAL, RUST)):
        person(
            sheet,
            470 + step * 88 + step % 2 * 14,
            744 + step % 3 * 7,
            116,
            coat,
            stride=-0.09,
            hat=SAND,
            legs="#0c151f",
        )


def _gantry(sheet: Sheet, x: float, size: float, colour: str) -> None:
    with sheet.group(transform=f"translate({x} 690) scale({size})"):
        for leg in (0, 150):
            sheet.line(f"M{leg} 0L{leg + 14} -350", colour, 15, cap="butt")
        for y in (-120, -250):
            sheet.line(f"M4 {y}H160", colour, 11, cap="butt")
        sheet.line("M6 -120L154 -250M154 -120L10 -250", colour, 5)
        sheet.fill(box(-110, -372, 500, 24), colour)
        sheet.line("M60 -372L90 -520L160 -372M90 -520L-100 -368M90 -520L380 -368", colour, 7)
        sheet.fill(box(196, -350, 46, 34), colour)
        sheet.line("M206 -316V-214M232 -316V-214", colour, 3)
        sheet.fill(box(178, -214, 84, 36), RUST if size > 1 else colour)
        sheet.fill(disc(90, -520, 7), CORAL)
        for foot in (-22, 132):
            sheet.fill(box(foot, -22, 60, 22), colour)


def _freighter(sheet: Sheet) -> None:
    hull = "M668 690L648 590H1240V690Z"
    rows = ((1, 560, 10), (2, 530, 9), (3, 500, 6))
    for level, y, boxes in rows:
        for place in range(boxes):
            colour = (RUST, DEEP, CORAL, NIGHT, SAND)[(place * 2 + level * 3) % 5]
            sheet.fill(box(700 + place * 50, y, 47, 28), colour)
    sheet.fill(box(1150, 462, 80, 128), CREAM)
    for x in range(1158, 1230, 18):
        sheet.fill(box(x, 478, 11, 12), NIGHT)
    sheet.fill(hull, WINE)
    sheet.shade(hull, INK, strength=0.9)
    sheet.line("M652 610H1240", CREAM, 4, cap="butt")


def ferry(sheet: Sheet) -> None:
    """The island ferry in the sound, seen from the beach."""
    sheet.backdrop("#f3c98a", CREAM, MIST, FOAM)
    sheet.fill(disc(310, 250, 120), CORAL)
    sheet.shade(disc(310, 250, 120), AMBER, way=(0, 0, 0, 1), strength=0.6)
    for x, y, width in ((840, 150, 420), (1080, 240, 300), (90, 150, 300)):
        cloud(sheet, x, y, width, CREAM)
    far = (
        smooth(
            [(520, 430), (640, 372), (760, 392), (860, 340), (1010, 384), (1110, 356), (1260, 430)]
        )
        + "Z"
    )
    sheet.fill(far, "#7fa5a3")
    sheet.shade(far, DEEP, strength=0.5)
    sheet.fill(box(0, 428, WIDTH, 380), sheet.fade(FOAM, SEA, DEEP))
    ripples(sheet, 70, (150, 436, 330, 330), "#f6c79a", opacity=0.8)
    ripples(sheet, 90, (0, 440, WIDTH, 330), CREAM, opacity=0.5)
    with sheet.group(transform="translate(0 14)"):
        _ferry_boat(sheet)
    for y, colour, phase in ((668, SEA, 0.4), (716, DEEP, 2.2), (762, NIGHT, 4.0)):
        band = swell(sheet, y, 13, 330, colour, phase)
        sheet.shade(band, INK, strength=0.35)
        ripples(sheet, 16, (0, y + 14, WIDTH, 30), FOAM, opacity=0.5, longest=110)
    gulls(sheet, 12, (560, 120, 520, 190), NIGHT, 26)


def _ferry_boat(sheet: Sheet) -> None:
    hull = "M236 560C300 572 340 640 372 668H1010C1040 640 1056 600 1060 548H236Z"
    sheet.fill(box(430, 396, 470, 62), CREAM)
    sheet.fill("M350 560L372 458H1004V560Z", CREAM)
    sheet.fill("M480 396L500 346H640L654 396Z", CREAM)
    sheet.fill(box(760, 300, 92, 96), CORAL)
    sheet.fill(box(760, 300, 92, 24), INK)
    sheet.shade(box(760, 324, 92, 72), WINE, way=(0, 0, 1, 0), strength=0.8)
    for x in range(504, 640, 34):
        sheet.fill(box(x, 360, 24, 22), NIGHT)
    for x in range(452, 890, 40):
        sheet.fill(box(x, 414, 26, 26), NIGHT if x % 3 else AMBER)
    for x in range(398, 990, 46):
        sheet.fill(f"M{x} 482h28v34h-28Z", DEEP)
        sheet.fill(f"M{x + 6} 488h8v22h-8Z", FOAM, opacity=0.6)
    sheet.shade(
        "M350 560L372 458H430V396H900V458H1004V560Z", "#c9a878", way=(0, 0, 1, 0), strength=0.5
    )
    sheet.fill(hull, NIGHT)
    sheet.shade(hull, INK, strength=0.9)
    sheet.line("M262 572H1052", CORAL, 12, cap="butt")
    sheet.line("M560 346V250M560 262L640 346M560 262L452 396", INK, 4)
    sheet.fill("M560 250l58 16l-58 18Z", CORAL)
    sheet.fill(
        "M806 300C800 240 860 236 872 196C892 150 960 176 980 132C960 214 912 206 896 240"
        "C880 280 850 262 846 300Z",
        "#b9b3a3",
        opacity=0.75,
    )
    sheet.line("M372 458H1004M350 556H1056", INK, 3)
    for x in range(664, 900, 30):
        sheet.line(f"M{x} 396V374", INK, 2.5)
    sheet.line("M664 374H900", INK, 3)
    for step, coat in enumerate((CORAL, AMBER, DEEP)):
        person(sheet, 672 + step * 30, 396, 50, coat)
    sheet.fill("M1010 668C1080 640 1150 660 1210 650V684H990Z", CREAM, opacity=0.85)
    sheet.fill("M220 676C280 640 330 640 384 668C340 684 280 690 220 690Z", CREAM, opacity=0.9)


def lighthouse(sheet: Sheet) -> None:
    """Night over the rock, and the beam that may be switched off."""
    sheet.backdrop(INK, NIGHT, DEEP, "#5a8f93")
    stars(sheet, 130, 430, CREAM)
    sheet.fill("M236 118a62 62 0 1 0 26 84a50 50 0 1 1 -26 -84Z", CREAM)
    beam = polygon([(716, 226), (-60, 20), (-60, 330)])
    other = polygon([(716, 226), (1260, 110), (1260, 300)])
    for path, way in ((beam, (1, 0, 0, 0)), (other, (0, 0, 1, 0))):
        sheet.fill(path, sheet.fade("#f6dfa0ee", "#f6dfa000", way=way))
    sheet.glow(716, 226, 210, AMBER, strength=0.8)
    sheet.fill(box(0, 560, WIDTH, 260), sheet.fade("#4a8189", DEEP, INK))
    ripples(sheet, 110, (0, 568, WIDTH, 200), FOAM, opacity=0.4)
    ripples(sheet, 40, (540, 568, 360, 120), AMBER, opacity=0.5)
    _tower(sheet)
    rock = smooth(
        [
            (380, 700),
            (450, 640),
            (520, 632),
            (566, 584),
            (640, 570),
            (800, 566),
            (926, 578),
            (966, 626),
            (1030, 664),
            (1090, 720),
        ]
    )
    sheet.fill(rock + "L1160 820H300Z", "#101a25")
    sheet.shade(rock + "L1160 820H300Z", SEA, way=(0, 1, 0, 0), strength=0.45)
    for x, y, reach in ((420, 700, 70), (360, 720, 50), (1040, 704, 78), (980, 690, 44)):
        _spray(sheet, x, y, reach)
    swell(sheet, 742, 12, 260, NIGHT, 1.0)
    ripples(sheet, 30, (0, 752, WIDTH, 40), FOAM, opacity=0.45)


def _tower(sheet: Sheet) -> None:
    body = "M650 578L676 280H756L782 578Z"
    sheet.fill(body, CREAM)
    with sheet.group(clip=body):
        for y in (300, 420, 540):
            sheet.fill(box(600, y, 240, 62), CORAL)
    sheet.shade(body, WINE, way=(0.25, 0, 1, 0), strength=0.95)
    for y in (390, 500):
        sheet.fill(f"M706 {y}v-20a10 10 0 0 1 20 0v20Z", NIGHT)
    sheet.fill(box(660, 268, 112, 14), INK)
    sheet.fill(box(684, 198, 64, 70), "#fff3c4")
    sheet.line("M684 198V268M706 198V268M727 198V268M748 198V268", INK, 4)
    sheet.line("M662 268V244M770 268V244M662 246H770", INK, 4)
    sheet.fill("M676 198Q716 132 756 198Z", CORAL)
    sheet.line("M716 160V130", INK, 5)
    sheet.fill(box(790, 514, 120, 64), MIST)
    sheet.fill("M780 516L850 474L920 516Z", RUST)
    sheet.fill(box(836, 534, 22, 26), AMBER)


def _spray(sheet: Sheet, x: float, y: float, reach: float) -> None:
    for _ in range(26):
        angle = sheet.dice.uniform(-pi * 0.85, -pi * 0.15)
        far = reach * sheet.dice.uniform(0.2, 1)
        sheet.fill(
            disc(
                round(x + far * cos(angle), 1),
                round(y + far * sin(angle), 1),
                round(sheet.dice.uniform(1.5, 6), 1),
            ),
            CREAM,
        )


def storm_wave(sheet: Sheet) -> None:
    """A wave taller than the mole it breaks over."""
    sheet.backdrop("#4b5d68", "#7d8f90", "#b9bfae", SAND)
    for x, y, width in ((1010, 236, 420), (480, 96, 420), (90, 300, 300)):
        cloud(sheet, x, y, width, NIGHT, opacity=0.4)
    sheet.shade(box(0, 0, WIDTH, 460), INK, way=(0, 1, 0, 0), strength=0.75)
    swell(sheet, 470, 26, 460, "#55838a", 0.8)
    mole = "M720 640L740 520H1240V640Z"
    sheet.fill(mole, "#3a3f4a")
    sheet.shade(mole, INK, strength=0.9)
    sheet.fill(box(1010, 350, 54, 172), CREAM)
    sheet.fill(box(1010, 398, 54, 40), CORAL)
    sheet.fill(box(1002, 340, 70, 12), INK)
    sheet.fill("M1012 340Q1037 286 1062 340Z", CORAL)
    sheet.glow(1037, 326, 90, AMBER)
    swell(sheet, 600, 24, 400, DEEP, 2.0)
    _breaker(sheet)
    swell(sheet, 716, 26, 380, "#1b4256", 0.2)
    ripples(sheet, 60, (0, 700, WIDTH, 90), FOAM, opacity=0.6, longest=190)
    gulls(sheet, 7, (820, 120, 320, 160), CREAM, 30)


def _breaker(sheet: Sheet) -> None:
    body = (
        "M-20 820V470C60 420 110 300 210 220C320 134 470 96 600 132C720 166 786 246 790 330"
        "C750 272 690 250 640 268C700 300 716 350 704 392C664 338 604 322 548 346"
        "C506 366 492 420 520 486"
        "C560 580 660 648 820 690C940 716 1060 722 1240 724V820Z"
    )
    sheet.fill(body, sheet.fade("#2f7380", DEEP, NIGHT))
    sheet.shade(body, INK, way=(1, 0, 0, 1), strength=0.7)
    for turn in range(9):
        lean = turn * 34
        sheet.line(
            f"M{-20 + lean} {760 - turn * 8}"
            f"C{90 + lean} {560 - turn * 14} {170 + lean * 0.8} {330 - turn * 6} "
            f"{360 + lean * 0.7} {236 + turn * 9}",
            FOAM, 5 - turn * 0.4, opacity=0.55,
        )  # fmt: skip
    lip = (
        "M196 232C320 134 470 96 600 132C720 166 786 246 790 330C772 300 750 286 728 280"
        "C744 306 742 330 730 352"
        "C706 316 676 300 640 294C676 318 690 352 686 380C652 336 604 322 552 342"
        "C600 290 596 240 540 214"
        "C440 172 300 178 196 232Z"
    )
    sheet.fill(lip, CREAM)
    sheet.shade(lip, SEA, way=(1, 0, 0, 1), strength=0.55)
    for _ in range(150):
        x = 640 + abs(sheet.dice.gauss(0, 150))
        y = sheet.dice.gauss(330, 80) - (x - 700) * 0.25
        sheet.fill(
            disc(round(x, 1), round(y, 1), round(sheet.dice.uniform(1.5, 8), 1)), CREAM, opacity=0.9
        )


def shipyard(sheet: Sheet) -> None:
    """A bow in dry dock, head on, and the welder under it."""
    sheet.backdrop(NIGHT, "#2b4a5c", "#47626a")
    rays(sheet, 600, 640, 900, 24, DEEP, 0.35)
    for side in (-1, 1):
        with sheet.group(transform=f"translate(600 0) scale({side} 1)"):
            _dock_wall(sheet)
    bow = "M600 700C470 640 360 420 330 90H870C840 420 730 640 600 700Z"
    sheet.fill(bow, CORAL)
    sheet.fill("M330 90H870L858 190H342Z", CREAM)
    sheet.fill("M600 700C560 682 522 648 490 606H710C678 648 640 682 600 700Z", WINE)
    sheet.shade("M600 700C730 640 840 420 870 90H600Z", WINE, way=(0, 0, 1, 0), strength=1.0)
    sheet.shade("M600 700C470 640 360 420 330 90H600Z", RUST, way=(1, 0, 0, 0.4), strength=0.7)
    sheet.line("M600 90V700", WINE, 5)
    for x in (452, 748):
        sheet.fill(disc(x, 262, 22), INK)
        sheet.line(f"M{x} 262V330M{x - 22} 318Q{x} 350 {x + 22} 318M{x - 12} 296H{x + 12}", INK, 9)
    for y in range(470, 600, 26):
        sheet.line(f"M566 {y}H586M614 {y}H634", CREAM, 4, cap="butt")
    sheet.line(
        "M330 90H870M342 90V50H858V90M410 50V90M480 50V90M550 50V90M650 50V90M720 50V90M790 50V90",
        INK,
        6,
        cap="butt",
    )
    sheet.fill(box(0, 706, WIDTH, 100), "#0e1822")
    for x in (500, 560, 640, 700):
        sheet.fill(polygon([(x - 26, 712), (x - 16, 676), (x + 16, 676), (x + 26, 712)]), INK)
    _sparks(sheet, 742, 604)
    person(sheet, 790, 718, 128, DEEP, legs=INK, stride=0.07, hat=AMBER)
    sheet.line("M790 634L752 612", DEEP, 13)
    person(sheet, 360, 722, 116, SAND, legs=INK, stride=-0.07, hat=CORAL)


def _dock_wall(sheet: Sheet) -> None:
    for step in range(5):
        x = 330 + step * 62
        top = 430 - step * 86
        sheet.fill(box(x, top, 400, 800), ("#33505d", "#2a4553", "#233b49", "#1c303d", INK)[step])
        sheet.line(f"M{x} {top}H{WIDTH}", FOAM, 3, opacity=0.5)
        sheet.line(
            f"M{x + 22} {top - 34}V{top}M{x + 46} {top - 34}V{top}M{x + 14} {top - 34}H{x + 62}",
            FOAM,
            3,
            opacity=0.45,
        )
    sheet.shade(box(330, 80, 320, 640), INK, way=(0, 0, 1, 0), strength=0.8)


def _sparks(sheet: Sheet, x: float, y: float) -> None:
    sheet.glow(x, y, 170, "#ffe9ae", strength=1)
    for _ in range(70):
        angle, far = sheet.dice.uniform(-0.3, pi + 0.9), sheet.dice.uniform(20, 130)
        dx, dy = cos(angle), sin(angle)
        sheet.line(
            f"M{x + dx * far:.0f} {y + dy * far:.0f}l{dx * 12:.0f} {dy * 12 + 5:.0f}",
            "#ffd978",
            2.4,
        )
    sheet.fill(disc(x, y, 15), "#fffbe6")


SCENES = {
    "cranes-at-dawn": cranes_at_dawn,
    "ferry": ferry,
    "lighthouse": lighthouse,
    "storm-wave": storm_wave,
    "shipyard": shipyard,
}
