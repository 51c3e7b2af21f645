/** Reads what a mail server was sent: headers and a plain text, by RFC 5322, 2045 and 2047. Nothing of the sender's library is used. */
export interface MailText {
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
}

export function readMail(raw: Buffer): MailText {
  const whole = raw.toString('latin1')
  const end = whole.indexOf('\r\n\r\n')
  const unfolded = whole.slice(0, end).replaceAll(/\r\n(?=[ \t])/g, '')
  const headers = new Map(
    unfolded.split('\r\n').map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())]
    }),
  )
  const body = whole.slice(end + 4)
  return { headers, text: decodeBody(body, headers.get('content-transfer-encoding') ?? '7bit').toString('utf8') }
}

function decodeBody(body: string, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64')
  return encoding === 'quoted-printable' ? quotedPrintable(body.replaceAll(/[ \t]*=\r\n/g, '')) : Buffer.from(body, 'latin1')
}

function quotedPrintable(text: string): Buffer {
  const plain = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1')
}

/** Encoded words; white space between two of them is not shown. */
function decodeWords(value: string): string {
  const joined = value.replaceAll(/(=\?[^?]+\?[bq]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
  // Bytes are put together before they are read as text: a character may be spread over two words.
  const bytes: Buffer[] = []
  let at = 0
  for (const match of joined.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)) {
    const [word, kind = '', content = ''] = match
    bytes.push(Buffer.from(joined.slice(at, match.index), 'latin1'))
    bytes.push(kind.toLowerCase() === 'b' ? Buffer.from(content, 'base64') : quotedPrintable(content.replaceAll('_', ' ')))
    at = match.index + word.length
  }
  return Buffer.concat([...bytes, Buffer.from(joined.slice(at), 'latin1')]).toString('utf8')
}
