import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import { Transform } from 'node:stream'
import { bracketedPaste, newPasteReader, pastedLineEnd } from './pasted-lines.js'

/** What a person does at the screen. */
export interface ScreenListener {
  onLine(line: string): void
  /** A key in the line being typed; only at a terminal. @param line what it holds so far */
  onKey(line: string): void
  /** Nothing more will be typed: the pipe has ended, or Ctrl-D. */
  onEnd(): void
  onInterrupt(): void
}

/** Lines that come, above the line being typed. */
export interface Screen {
  /** Whether a person sits there: else lines come from a pipe, and there is no prompt. */
  readonly isTerminal: boolean
  line(text: string): void
  /** What stands before the prompt; without a terminal it is printed as a line when it changes. */
  hint(text: string): void
  close(): void
}

/** Takes over stdin and stdout. */
export function openScreen(listener: ScreenListener): Screen {
  const { stdin, stdout } = process
  const isTerminal = stdin.isTTY && stdout.isTTY
  const input = isTerminal ? keyboard(stdin) : stdin
  const reader = createInterface({ input, output: isTerminal ? stdout : undefined, terminal: isTerminal, prompt: '> ' })
  let hint = ''
  let isClosed = false
  const prompt = (): void => {
    if (!isTerminal || isClosed) return
    takeLineAway(reader)
    reader.setPrompt(hint === '' ? '> ' : `(${hint}) > `)
    reader.prompt(true)
  }
  const onSignal = (): void => {
    listener.onInterrupt()
  }
  const onKey = (): void => {
    listener.onKey(reader.line)
  }
  reader.on('line', (line) => {
    prompt()
    listener.onLine(isTerminal ? line.replaceAll(pastedLineEnd, '\n') : line)
  })
  reader.on('close', () => {
    if (!isClosed) listener.onEnd()
  })
  reader.on('SIGINT', onSignal)
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (isTerminal) {
    input.on('keypress', onKey)
    stdout.write(bracketedPaste.on)
  }
  prompt()
  return {
    isTerminal,
    line(text) {
      if (isTerminal) printAbove(reader, text)
      else stdout.write(`${text}\n`)
    },
    hint(text) {
      if (text === hint) return
      hint = text
      if (isTerminal) prompt()
      else if (text !== '') stdout.write(`* ${text}\n`)
    },
    close() {
      isClosed = true
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      input.off('keypress', onKey)
      reader.close()
      stdin.pause()
      if (isTerminal) stdout.write(`${bracketedPaste.off}\n`)
    },
  }
}

/** The terminal's keys, pasted lines kept together. */
function keyboard(stdin: NodeJS.ReadStream): Transform {
  const read = newPasteReader()
  stdin.setEncoding('utf8')
  const keys = new Transform({
    decodeStrings: false,
    encoding: 'utf8',
    transform(piece: string, _encoding, done) {
      done(null, read(piece))
    },
  })
  // readline sees to it that keys come one by one
  Object.assign(keys, { isTTY: true, setRawMode: (isRaw: boolean) => stdin.setRawMode(isRaw) })
  return stdin.pipe(keys)
}

/** Puts the text where the line being typed stands, and that line below it. */
function printAbove(reader: Interface, text: string): void {
  takeLineAway(reader)
  process.stdout.write(`${text}\n`)
  reader.prompt(true)
}

/** Clears the rows of the line being typed; the next `prompt` draws it where the cursor is then. */
function takeLineAway(reader: Interface): void {
  const { stdout } = process
  moveCursor(stdout, 0, -reader.getCursorPos().rows)
  cursorTo(stdout, 0)
  clearScreenDown(stdout)
  // readline goes up by this many rows before it draws, and its count is wrong once a line has grown over the edge
  Object.assign(reader, { prevRows: 0 })
}
