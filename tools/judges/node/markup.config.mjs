// Every rule that html-validate recommends, but those that a mail must break. None is off for convenience.
const BECAUSE = {
  'attribute-allowed-values': 'height="auto" on pictures is what MJML itself writes, for Outlook',
  'doctype-style': 'the compiler writes the doctype in lower case; HTML does not mind',
  'no-conditional-comment': 'Outlook for Windows gets its columns from conditional comments',
  'no-deprecated-attr': 'bgcolor, cellpadding and align are all that some mail programs understand',
  'no-inline-style': 'some mail programs take styles from nowhere else',
  'prefer-native-element': 'role="article" stands on a div, because mail programs drop <article>',
  'prefer-tbody': 'every HTML parser adds it by itself, and mail programs clip what is too long',
  'void-style': 'the compiler closes void elements; HTML does not mind',
}

export default {
  root: true,
  extends: ['html-validate:recommended'],
  rules: Object.fromEntries(Object.keys(BECAUSE).map((rule) => [rule, 'off'])),
}
