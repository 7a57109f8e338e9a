// What each script here has in common: a question in JSON on standard input, an answer on standard output.
import { readFileSync } from 'node:fs'

export const question = JSON.parse(readFileSync(0, 'utf8'))

export function answer(value) {
  process.stdout.write(JSON.stringify(value))
}
