"""Scenes outdoors in town: night bus, dark flats, island school, wet pitch, quay quarter."""

from pictures.motifs import cloud, gulls, hills, house, person, rain, ripples, stars
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


def night_bus(sheet: Sheet) -> None:
    """The last bus on the front, in the rain."""
    sheet.backdrop(INK, NIGHT, DEEP)
    for row, (base, colour) in enumerate(((520, "#24465a"), (545, "#1a3040"))):
        x = -40.0
        while x < WIDTH:
            width = sheet.dice.uniform(90, 160)
            house(
                sheet,
                x,
                base,
                width,
                sheet.dice.uniform(150, 290) - row * 40,
                colour,
                INK,
                AMBER if row else "",
            )
            x += width + sheet.dice.uniform(-6, 16)
    sheet.shade(box(0, 240, WIDTH, 320), INK, way=(0, 0, 0, 1), strength=0.5)
    sheet.fill(box(0, 545, WIDTH, 260), sheet.fade("#223c4b", "#16293a", INK))
    _lamp(sheet, 130)
    _lamp(sheet, 1120)
    _bus(sheet)
    for x in range(240, 930, 118):
        glint = box(x, 656, 70, 130)
        sheet.fill(glint, sheet.fade("#f2a93f99", "#f2a93f00"))
    ripples(sheet, 90, (120, 650, 940, 140), AMBER, opacity=0.5, longest=110)
    ripples(sheet, 60, (0, 620, WIDTH, 170), FOAM, opacity=0.25)
    with sheet.group(transform="translate(56 16)"):
        person(sheet, 1010, 690, 150, CREAM, stride=0.04)
        sheet.line("M1010 530V618", "#0f1a26", 5)
        sheet.fill(
            "M930 556Q1010 460 1090 556Q1070 544 1050 556Q1030 544 1010 556Q990 544 970 556"
            "Q950 544 930 556Z",
            CORAL,
        )
    rain(sheet, 210, MIST, opacity=0.35)


def _lamp(sheet: Sheet, x: float) -> None:
    sheet.glow(x, 236, 170, AMBER, strength=0.7)
    sheet.line(f"M{x} 640V250", "#0c1620", 10)
    sheet.line(f"M{x} 262Q{x} 226 {x + 26} 226", "#0c1620", 8)
    sheet.fill(disc(x + 26, 238, 15), "#ffedb8")


def _bus(sheet: Sheet) -> None:
    body = "M196 640V380Q196 352 226 352H896Q926 352 934 382L952 520V640Z"
    sheet.fill(body, CORAL)
    sheet.fill(box(196, 556, 756, 30), CREAM)
    for place, x in enumerate(range(226, 800, 116)):
        pane = f"M{x + 8} 386h88q8 0 8 8v120h-104v-120q0 -8 8 -8Z"
        sheet.fill(pane, sheet.fade("#ffe6a3", AMBER))
        if place in {0, 2, 3}:
            with sheet.group(clip=pane):
                coat = (DEEP, NIGHT, WINE, INK)[place]
                sheet.fill(disc(x + 52, 450, 20), INK if place % 2 else "#6d3b2c")
                sheet.fill(
                    f"M{x + 14} 530Q{x + 18} 474 {x + 52} 472Q{x + 86} 474 {x + 92} 530Z", coat
                )
    sheet.fill("M826 386H890Q900 386 902 398L918 514H826Z", sheet.fade("#fff0c4", AMBER))
    sheet.fill(disc(872, 462, 19), "#6d3b2c")
    sheet.fill("M838 530Q842 484 872 482Q904 486 908 530Z", INK)
    sheet.shade(body, WINE, way=(0, 0.35, 0, 1), strength=0.85)
    sheet.fill(box(640, 362, 150, 20), INK)
    sheet.line("M652 372H700M710 372H724M734 372H778", AMBER, 6)
    for x in (330, 800):
        sheet.fill(disc(x, 640, 54), INK)
        sheet.fill(disc(x, 640, 24), "#7d8b8f")
    sheet.fill(disc(934, 602, 15), "#fff3cf")
    sheet.fill(
        polygon([(944, 596), (1210, 560), (1210, 690), (944, 612)]),
        sheet.fade("#ffe9b0aa", "#ffe9b000", way=(0, 0, 1, 0)),
    )


def flats_at_night(sheet: Sheet) -> None:
    """A block of flats with hardly a light on; someone looks up and counts."""
    sheet.backdrop("#0f1c2a", NIGHT, DEEP, "#7fa39d")
    stars(sheet, 60, 300, CREAM)
    sheet.fill(disc(1030, 150, 74), CREAM)
    sheet.shade(disc(1030, 150, 74), SAND, way=(0, 0, 1, 1), strength=0.9)
    tower = box(150, 90, 640, 640)
    sheet.fill(polygon([(790, 90), (900, 130), (900, 730), (790, 730)]), "#0d1823")
    sheet.fill(tower, "#34505c")
    lit = {(1, 4): "plant", (3, 1): "person", (4, 4): "", (5, 2): "cat"}
    for row in range(7):
        for column in range(6):
            _flat(sheet, 172 + column * 102, 112 + row * 84, lit.get((row, column)))
    sheet.shade(tower, INK, way=(0.2, 0, 1, 0.6), strength=0.8)
    for row, column in lit:
        sheet.glow(214 + column * 102, 138 + row * 84, 84, AMBER, strength=0.55)
    sheet.fill(box(430, 690, 80, 40), AMBER)
    sheet.fill(box(0, 730, WIDTH, 80), "#0b141d")
    sheet.shade(box(0, 730, WIDTH, 40), SEA, way=(0, 1, 0, 0), strength=0.4)
    _bare_tree(sheet, 1070, 736)
    person(sheet, 960, 768, 176, CORAL, stride=0.05)
    sheet.line("M948 640Q930 660 936 690", WINE, 12)


def _flat(sheet: Sheet, x: float, y: float, light: str | None) -> None:
    pane = box(x, y, 84, 52)
    sheet.fill(pane, "#132431" if light is None else sheet.fade("#ffe29a", AMBER))
    if light is None and sheet.dice.random() < 0.35:
        sheet.fill(box(x, y, 84, sheet.dice.uniform(14, 44)), "#40606b")
    with sheet.group(clip=pane):
        if light == "person":
            sheet.fill(disc(x + 54, y + 22, 10), INK)
            sheet.fill(
                f"M{x + 34} {y + 60}Q{x + 36} {y + 34} {x + 54} {y + 33}"
                f"Q{x + 74} {y + 34} {x + 76} {y + 60}Z",
                INK,
            )
        elif light == "cat":
            sheet.fill(f"M{x + 20} {y + 54}q-2 -22 12 -28l2 -9l5 6h5l5 -6l2 9q10 8 8 28Z", INK)
        elif light == "plant":
            sheet.line(
                f"M{x + 62} {y + 52}q-4 -20 -18 -26M{x + 62} {y + 52}q0 -24 12 -32"
                f"M{x + 62} {y + 52}q-2 -20 -4 -34",
                PINE,
                5,
            )
    sheet.line(f"M{x + 42} {y}v52", "#2a4350", 4, cap="butt")
    sheet.fill(box(x - 6, y + 54, 96, 5), "#5f7d82")


def _bare_tree(
    sheet: Sheet, x: float, base: float, long: float = 120, lean: float = 0, depth: int = 6
) -> None:
    tip_x, tip_y = x + lean * long, base - long
    sheet.line(f"M{x:.0f} {base:.0f}L{tip_x:.0f} {tip_y:.0f}", "#0b141d", depth * 2.4)
    if depth > 1:
        for turn in (-0.42, 0.36):
            _bare_tree(
                sheet,
                tip_x,
                tip_y,
                long * sheet.dice.uniform(0.6, 0.86),
                lean + turn * sheet.dice.uniform(0.7, 1.3),
                depth - 1,
            )


def island_school(sheet: Sheet) -> None:
    """A red schoolhouse on a green island, and its one pupil on the way up."""
    sheet.backdrop("#8fc0bd", FOAM, MIST, CREAM)
    for x, y, width in ((250, 170, 360), (930, 130, 440), (620, 270, 260)):
        cloud(sheet, x, y, width, CREAM)
    sheet.fill(box(0, 430, WIDTH, 380), sheet.fade("#6ba6a8", SEA, DEEP))
    far = smooth([(-40, 432), (90, 400), (230, 414), (330, 432)]) + "Z"
    sheet.fill(far, "#7a9f9b")
    ripples(sheet, 110, (0, 440, WIDTH, 260), CREAM, opacity=0.55)
    sheet.fill("M186 470l22 -86l44 86Z", CREAM)
    sheet.fill("M176 474h84l-14 20h-54Z", CORAL)
    hill = (
        smooth(
            [(240, 820), (360, 640), (520, 520), (700, 430), (880, 396), (1040, 420), (1240, 500)]
        )
        + "V820Z"
    )
    sheet.fill(hill, MOSS)
    sheet.shade(hill, PINE, way=(0.3, 0, 0.7, 1), strength=0.95)
    path = (
        "M800 424C770 470 850 500 790 550C720 600 600 610 560 680C536 724 560 770 580 820H720"
        "C690 760 690 720 720 690C770 640 850 620 878 560C900 510 830 480 838 424Z"
    )
    sheet.fill(path, SAND)
    _schoolhouse(sheet)
    for _ in range(150):
        east, south = sheet.dice.uniform(420, 1200), sheet.dice.uniform(560, 800)
        if abs(east - 690) > 150:
            sheet.fill(
                disc(round(east), round(south), round(sheet.dice.uniform(2, 5))),
                sheet.dice.choice((CREAM, AMBER, CORAL)),
            )
    person(sheet, 640, 744, 150, AMBER, legs=NIGHT, stride=0.1)
    sheet.fill("M624 632q-26 0 -26 30v26q14 8 30 2Z", CORAL)
    gulls(sheet, 8, (120, 120, 480, 200), NIGHT, 24)


def _schoolhouse(sheet: Sheet) -> None:
    wall = box(716, 268, 240, 156)
    sheet.fill(wall, CORAL)
    sheet.shade(wall, WINE, way=(0, 0, 1, 0.3), strength=0.85)
    sheet.fill(polygon([(696, 274), (742, 190), (932, 190), (978, 274)]), NIGHT)
    sheet.shade(
        polygon([(696, 274), (742, 190), (932, 190), (978, 274)]),
        INK,
        way=(0, 0, 1, 0),
        strength=0.9,
    )
    sheet.fill(box(812, 132, 50, 60), CREAM)
    sheet.fill(polygon([(802, 134), (837, 92), (872, 134)]), RUST)
    sheet.fill("M826 176v-16a11 11 0 0 1 22 0v16Z", AMBER)
    for x in (738, 892):
        sheet.fill(box(x, 306, 44, 62), CREAM)
        sheet.fill(box(x + 4, 310, 36, 54), "#8fc0bd")
        sheet.line(f"M{x + 22} 310v54M{x + 4} 336h36", CREAM, 4)
    sheet.fill("M808 424V330a28 28 0 0 1 56 0V424Z", CREAM)
    sheet.fill("M814 424V332a22 22 0 0 1 44 0V424Z", NIGHT)
    sheet.line("M1030 424V170", CREAM, 6)
    sheet.fill("M1030 174C1060 160 1080 190 1116 176V222C1080 236 1060 208 1030 222Z", AMBER)
    sheet.line(
        "M968 424H1100M980 424V394M1010 424V394M1060 424V394M1090 424V394M968 404H1100", CREAM, 5
    )


def wet_pitch(sheet: Sheet) -> None:
    """Floodlights, puddles and a ball that will not roll."""
    sheet.backdrop("#122230", NIGHT, "#2a5364")
    for x in (210, 990):
        _floodlight(sheet, x)
    _stand(sheet)
    _turf(sheet)
    for x, y, height, shirt, lean in (
        (430, 700, 230, CORAL, 0.15),
        (720, 690, 216, CREAM, -0.14),
        (1010, 600, 120, CORAL, 0.1),
        (190, 590, 112, CREAM, -0.1),
    ):
        _player(sheet, x, y, height, shirt, lean)
    sheet.fill(disc(590, 690, 27), CREAM)
    sheet.fill(polygon([(590, 677), (602, 686), (598, 700), (582, 700), (578, 686)]), INK)
    sheet.shade(disc(590, 690, 27), INK, way=(0, 0, 1, 1), strength=0.7)
    for reach in range(24):
        sheet.line(
            f"M{590 + (reach - 12) * 6} {712 - abs(reach - 12) % 5 * 6}"
            f"l{(reach - 12) * 1.6:.1f} -14",
            FOAM,
            3,
            opacity=0.8,
        )
    rain(sheet, 240, CREAM, slant=0.3, opacity=0.35)


def _floodlight(sheet: Sheet, x: float) -> None:
    beam = polygon([(x - 50, 150), (x + 50, 150), (x + 380, 620), (x - 380, 620)])
    sheet.fill(beam, sheet.fade("#f6e6b866", "#f6e6b800"))
    sheet.glow(x, 130, 220, CREAM, strength=0.75)
    legs = f"M{x - 12} 480L{x - 4} 160M{x + 12} 480L{x + 4} 160"
    braces = f"M{x - 9} 380L{x + 8} 320M{x + 10} 380L{x - 7} 320"
    sheet.line(legs + braces, INK, 6)
    sheet.fill(box(x - 66, 96, 132, 66), INK)
    for lamp in range(8):
        sheet.fill(disc(x - 48 + lamp % 4 * 32, 114 + lamp // 4 * 30, 11), "#fff6d4")


def _turf(sheet: Sheet) -> None:
    sheet.fill(box(0, 470, WIDTH, 340), sheet.fade("#5f8a5a", "#3d6a4f", PINE))
    for step in range(0, 7, 2):
        sides = [(step + side, y, reach) for side, y, reach in _MOWN]
        stripe = [(600 + place * reach, y) for place, y, reach in sides]
        sheet.fill(polygon(stripe), PINE, opacity=0.35)
    sheet.line("M0 540H1200M600 470V480", CREAM, 6, opacity=0.8)
    sheet.line("M150 820Q600 560 1050 820", CREAM, 7, opacity=0.8)
    for x, y, rx in ((310, 690, 190), (860, 640, 150), (980, 760, 210), (560, 590, 90)):
        sheet.oval(x, y, rx, rx * 0.17, "#9fc4bd", opacity=0.75)
        sheet.oval(x - rx * 0.1, y - 3, rx * 0.7, rx * 0.09, CREAM, opacity=0.55)


# A mown stripe's corners: offset in stripes from the middle, height, width of a stripe there.
_MOWN = ((-3.5, 470, 130), (-2.5, 470, 130), (-2.5, 810, 330), (-3.5, 810, 330))


def _stand(sheet: Sheet) -> None:
    sheet.fill(polygon([(300, 330), (900, 330), (930, 472), (270, 472)]), "#0f1c28")
    sheet.fill(polygon([(270, 290), (930, 290), (960, 336), (240, 336)]), RUST)
    sheet.shade(polygon([(270, 290), (930, 290), (960, 336), (240, 336)]), WINE, strength=0.9)
    for row in range(4):
        for seat in range(34):
            if sheet.dice.random() < 0.55:
                tone = sheet.dice.choice((SAND, CORAL, FOAM, SKIN, AMBER))
                sheet.fill(
                    disc(300 + seat * 18 + row % 2 * 9, 362 + row * 28, 7), tone, opacity=0.85
                )
    sheet.fill(box(0, 452, WIDTH, 22), NIGHT)


def _player(sheet: Sheet, x: float, y: float, height: float, shirt: str, lean: float) -> None:
    h = height
    with sheet.group(transform=f"translate({x} {y}) skewX({-lean * 60})"):
        way = 1 if lean > 0 else -1
        for reach, knee in ((0.24, 0.16), (-0.2, -0.03)):
            sheet.line(
                f"M0 {-0.44 * h}L{way * knee * h} {-0.22 * h}L{way * reach * h} {-0.02 * h}",
                SKIN,
                0.075 * h,
            )
            sheet.line(
                f"M{way * (knee * 0.5 + reach * 0.5) * h} {-0.12 * h}"
                f"L{way * reach * h} {-0.02 * h}h{way * 0.06 * h}",
                INK,
                0.075 * h,
            )
        sheet.fill(
            polygon(
                [
                    (-0.12 * h, -0.5 * h),
                    (0.12 * h, -0.5 * h),
                    (0.16 * h, -0.33 * h),
                    (-0.16 * h, -0.33 * h),
                ]
            ),
            INK,
        )
        sheet.line(
            f"M0 {-0.76 * h}L{-way * 0.2 * h} {-0.62 * h}L{-way * 0.26 * h} {-0.74 * h}",
            SKIN,
            0.06 * h,
        )
        sheet.line(
            f"M0 {-0.76 * h}L{way * 0.2 * h} {-0.66 * h}L{way * 0.3 * h} {-0.6 * h}", SKIN, 0.06 * h
        )
        torso = polygon(
            [
                (-0.13 * h, -0.82 * h),
                (0.13 * h, -0.82 * h),
                (0.12 * h, -0.48 * h),
                (-0.12 * h, -0.48 * h),
            ]
        )
        sheet.fill(torso, shirt)
        sheet.shade(torso, WINE if shirt == CORAL else SEA, way=(0, 0, 0.6, 1), strength=0.7)
        sheet.fill(disc(0, -0.9 * h, 0.075 * h), SKIN)
        sheet.fill(f"M{-0.08 * h} {-0.9 * h}a{0.08 * h} {0.08 * h} 0 0 1 {0.16 * h} 0Z", INK)


def quay_quarter(sheet: Sheet) -> None:
    """Gabled houses on the old quay and their reflection at high water."""
    sheet.backdrop("#e8b98a", "#f3d9ae", CREAM, MIST)
    sheet.fill(disc(900, 210, 84), CORAL, opacity=0.9)
    sheet.fill(hills(sheet, 420, 60, 8, "#b9b79c"), "#b9b79c")
    walls = (RUST, SAND, DEEP, CREAM, CORAL, SEA, AMBER, WINE, FOAM)
    for mirrored in (False, True):
        flip = f"translate(0 {2 * 560}) scale(1 -1)" if mirrored else ""
        with sheet.group(transform=flip, opacity=0.55 if mirrored else 1):
            sheet.dice.seed("quay")
            for place, wall in enumerate(walls):
                x = -20 + place * 138
                tall, roof = sheet.dice.uniform(170, 300), INK if place % 2 else NIGHT
                pane = CREAM if wall in {RUST, DEEP, WINE, SEA} else NIGHT
                house(sheet, x, 560, 132, tall, wall, roof, pane)
                sheet.shade(box(x, 560 - tall, 132, tall), INK, way=(0, 0, 1, 1), strength=0.4)
    sheet.fill(box(0, 560, WIDTH, 250), sheet.fade("#3e849088", DEEP, NIGHT))
    sheet.fill(box(0, 548, WIDTH, 18), "#2a3b45")
    ripples(sheet, 140, (0, 580, WIDTH, 210), CREAM, opacity=0.45)
    for x, coat in ((260, CORAL), (300, NIGHT), (700, AMBER), (985, DEEP)):
        person(sheet, x, 550, 82, coat)
    sheet.fill("M420 622H640L610 664H450Z", CORAL)
    sheet.line("M530 622V430M530 440L620 606M530 440L436 606", INK, 5)
    sheet.fill("M538 452L618 600H538Z", CREAM)
    gulls(sheet, 9, (120, 80, 620, 160), NIGHT, 24)
    sheet.shade(box(0, HEIGHT - 120, WIDTH, 120), INK, strength=0.7)


SCENES = {
    "night-bus": night_bus,
    "flats-at-night": flats_at_night,
    "island-school": island_school,
    "wet-pitch": wet_pitch,
    "quay-quarter": quay_quarter,
}
