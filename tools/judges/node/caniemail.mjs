// caniemail: {name: HTML} -> {name: {feature: {none, partly}}}: what is used that some mail program does not support,
// or only in part, with the number of those programs.
import { caniemail } from 'caniemail'
import { answer, question } from './question.mjs'

function count(found, feature, level) {
  found[feature] ??= { none: 0, partly: 0 }
  found[feature][level] += 1
}

function featuresOf(html) {
  const { issues } = caniemail({ clients: ['*'], html })
  const found = {}
  for (const [level, clients] of [['none', issues.errors], ['partly', issues.warnings]]) {
    for (const complaints of clients.values()) {
      // A program complains once for each place; the feature counts once.
      for (const title of new Set(complaints.map((complaint) => complaint.title))) count(found, title, level)
    }
  }
  return found
}

answer(Object.fromEntries(Object.entries(question).map(([name, html]) => [name, featuresOf(html)])))
