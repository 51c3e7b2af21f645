const { charCodeAt } = String.prototype

/**
 * The UTF-16 unit of `text` at `index`, for loops over texts. V8 keeps strings in many forms and looks the method up anew wherever it has met
 * more than a few of them: `text.charCodeAt(index)` takes six times as long there (docs/decisions/0161).
 */
export function unitAt(text: string, index: number): number {
  return charCodeAt.call(text, index)
}
