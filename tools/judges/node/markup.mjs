// html-validate: {name: HTML} -> {name: [what is wrong]}.
import { HtmlValidate } from 'html-validate'
import { answer, question } from './question.mjs'
import config from './markup.config.mjs'

const validator = new HtmlValidate(config)
const judged = {}
for (const [name, html] of Object.entries(question)) {
  const { results } = await validator.validateString(html)
  judged[name] = results.flatMap(({ messages }) =>
    messages.map(({ ruleId, line, column, message }) => `${ruleId}, line ${line}, column ${column}: ${message}`),
  )
}
answer(judged)
