// The reference: {name: MJML} -> {name: {html, errors}}. `errors` are those of `mjml --validate`: the same validator
// over the same components, but by document, which the command does not tell apart.
import mjml2html from 'mjml'
import { answer, question } from './question.mjs'

// fonts: as ours, no web font is linked. keepComments: as ours, only Outlook's conditions stay.
const OPTIONS = { validationLevel: 'soft', fonts: {}, keepComments: false, minify: false, beautify: false }

const judged = {}
for (const [name, source] of Object.entries(question)) {
  const { html, errors } = await mjml2html(source, OPTIONS)
  judged[name] = { html, errors: errors.map((error) => `line ${error.line}, <${error.tagName}>: ${error.message}`) }
}
answer(judged)
