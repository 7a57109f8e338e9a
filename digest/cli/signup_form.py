"""The sign-up form as HTML for a newsroom's own website."""

from gettext import NullTranslations
from html import escape

from digest.config import NewsletterConfig
from digest.rendering.theme import direction_of

FORM = """\
<form action="{action}" method="post" accept-charset="utf-8" lang="{language}" dir="{direction}">
  <p>{invitation}</p>
  <p>
    <label>{label}
      <input type="email" name="address" required maxlength="254" autocomplete="email" dir="ltr">
    </label>
    <button>{button}</button>
  </p>
</form>"""


def signup_form(configured: NewsletterConfig, site: str, words: NullTranslations) -> str:
    """Return a form that posts to the sign-up page at `site`, in the newsletter's language.

    It works on any site and without scripts. It carries no stamp of ours, so the page asks for one
    more press, beside the sentence of consent. A guarded newsletter is not called by its name.
    """
    return FORM.format(
        action=escape(f"{site}/n/{configured.slug}"),
        language=escape(configured.language),
        direction=direction_of(configured.language),
        invitation=escape(_invitation(configured, words)),
        label=escape(words.gettext("Your e-mail address")),
        button=escape(words.gettext("Subscribe")),
    )


def _invitation(configured: NewsletterConfig, words: NullTranslations) -> str:
    if configured.guarded:
        return words.gettext("A free letter by e-mail, once a week")
    said = words.gettext("{name}: free, by e-mail, once a week")
    return said.format(name=configured.name)
