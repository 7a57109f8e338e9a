"""One small issue each in English, Arabic and Japanese, for what is reviewed by eye."""

from datetime import date

from digest.rendering.view import (
    AppealView,
    IssueView,
    PickView,
    QuoteView,
    SectionView,
    TopperView,
)

SITE = "https://courier.example"
GIVE = (f"{SITE}/give/once", f"{SITE}/give/monthly", f"{SITE}/give/annual")

ENGLISH = IssueView(
    newsletter="The Harbour Courier",
    language="en-GB",
    number=47,
    date=date(2026, 11, 27),
    subject="Dockers go back to work",
    preheader="The strike is over.",
    tagline="The week in our town",
    accent="#a4161a",
    site_url=SITE,
    postal_address="12 Quay Street,\nExample Town",
    why="",
    topper=TopperView(
        "After forty-one days the cranes turn again. We were at the gate when the night shift "
        "went in, and we have read the agreement, all 38 pages of it.",
        "Ada Marsh, editor",
    ),
    lead=PickView(
        "Dockers go back — with nearly everything they asked for, and a rota nobody must beg for",
        f"{SITE}/dockers?from=letter&week=47",
        blurb="The deal gives nine per cent over two years. What it does not give is an answer to "
        "the question of who pays for the new cranes.\n\nThe council meets on Tuesday.",
        kicker="Labour",
        byline="By Ada Marsh and Tom Ilves",
        layout="lead",
    ),
    sections=(
        SectionView(
            "City hall",
            (
                PickView("Eleven meetings, no decision", f"{SITE}/plan"),
                PickView(
                    "The rota, word for word",
                    f"{SITE}/rota",
                    blurb="In full.",
                    whole_html="<p>The quay was <em>empty</em> by noon, and stayed so until the "
                    f'lamps went on. <a href="{SITE}/rota">The rota</a> hangs at the gate.</p>'
                    "<h2>What they won</h2><ul><li>A rota, printed four weeks ahead and not to be "
                    "changed without the consent of those on it</li><li>Nine per cent</li></ul>"
                    "<blockquote><p>Nobody left.</p></blockquote>",
                ),
                PickView("Ferry timetable changes", f"{SITE}/ferry", "06:55.", layout="brief"),
            ),
            key=1,
        ),
    ),
    quote=QuoteView(
        "I did not want more money. I wanted to know on Friday when I would work on Monday.",
        "Marit Holm, crane driver",
    ),
    numbers=(("41", "days on strike"), ("€7.40", "a bus ride to the port and back")),
    appeal=AppealView(
        "We answer to readers",
        "You paid for this.",
        ("Give once", GIVE[0]),
        ("$5 a month", GIVE[1]),
        ("$50 a year", GIVE[2]),
        "Cards, bank transfer",
        "Ada Marsh",
        "You have already paid.",
    ),
    about="Owned by 900 of its readers.",
    corrections_address="corrections@courier.example",
    privacy_url=f"{SITE}/privacy",
)

ARABIC = IssueView(
    newsletter="بريد الميناء",
    language="ar-EG",
    number=47,
    date=date(2026, 11, 27),
    subject="عمال الميناء يعودون إلى العمل",
    preheader="انتهى الإضراب.",
    tagline="أسبوع مدينتنا",
    accent="#a4161a",
    site_url=SITE,
    postal_address="١٢ شارع الرصيف، مدينة المثال",
    why="",
    topper=TopperView(
        "بعد واحد وأربعين يومًا تدور الرافعات من جديد. كنّا عند البوابة حين دخلت وردية الليل، وقرأنا "
        "الاتفاق كلّه، بصفحاته الثماني والثلاثين.",
        "ليلى منصور، رئيسة التحرير",
    ),
    lead=PickView(
        "عمال الميناء يعودون، ومعهم كل ما طلبوه تقريبًا",
        f"{SITE}/dockers?from=letter&week=47",
        blurb="يمنح الاتفاق زيادة قدرها تسعة في المئة على مدى عامين. أما من سيدفع ثمن الرافعات "
        "الجديدة، فلا جواب فيه عن ذلك.",
        kicker="عمل",
        byline="ليلى منصور",
        layout="lead",
    ),
    sections=(
        SectionView("البلدية", (PickView("أحد عشر اجتماعًا بلا قرار", f"{SITE}/plan"),), key=1),
    ),
    quote=QuoteView("أردتُ أن أعرف يوم الجمعة متى أعمل يوم الاثنين.", "مريم حسن، سائقة رافعة"),
    numbers=(("٤١", "يومًا من الإضراب"), ("٦١", "شقة خالية")),
    appeal=AppealView(
        "نحن مسؤولون أمام القرّاء",
        "أنتم من دفع ثمن هذا العمل.",
        ("مرة واحدة", GIVE[0]),
        ("٥٠ جنيهًا في الشهر", GIVE[1]),
        ("٥٠٠ جنيه في السنة", GIVE[2]),
    ),
    corrections_address="corrections@courier.example",
    privacy_url=f"{SITE}/privacy",
)

JAPANESE = IssueView(
    newsletter="港湾新報",
    language="ja",
    number=47,
    date=date(2026, 11, 27),
    subject="港の労働者、仕事に戻る",
    preheader="ストライキは終わった。",
    tagline="この町の一週間",
    accent="#a4161a",
    site_url=SITE,
    postal_address="例町埠頭通り十二番地",
    why="このメールは、登録いただいた方にお送りしています。",
    topper=TopperView(
        "四十一日ぶりにクレーンが動いた。夜勤の人々が門をくぐるとき、私たちはそこにいた。三十八ページの"
        "合意書も、すべて読んだ。",
        "佐藤灯（編集長）",
    ),
    lead=PickView(
        "港の労働者、要求のほとんどを勝ち取って仕事に戻る――頼まなくてよい「交代表」も",
        f"{SITE}/dockers?from=letter&week=47",
        blurb="合意は二年で九パーセントの賃上げを約束する。しかし、新しいクレーンの費用をだれが払うのか、"
        "という問いには答えていない。詳しくは https://courier.example/agreement/full-text を見よ。",
        kicker="労働",
        byline="佐藤灯",
        layout="lead",
    ),
    sections=(SectionView("市役所", (PickView("会議十一回、決定なし", f"{SITE}/plan"),), key=1),),
    quote=QuoteView(
        "もっとお金が欲しかったのではない。月曜日にいつ働くのかを、金曜日に知りたかっただけだ。",
        "堀真理（クレーン運転士）",
    ),
    numbers=(("41", "ストライキの日数"), ("六十一", "空き家")),
    appeal=None,
    corrections_address="corrections@courier.example",
)

SAMPLES = {"en": ENGLISH, "ar": ARABIC, "ja": JAPANESE}
