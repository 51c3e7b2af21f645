/**
 * The one table of errors: code and text of each, and the text by which published types call it. A code is never given another meaning.
 * @see docs/protocol/core.md 2.2 and 4.6; a test compares both tables with this one
 */
export const coreErrors = {
  unknown_type: { code: 0, text: "Incorrect type of message (type isn't implemented in the server)" },
  unreadable: { code: 1, text: 'The message cannot be read', published: 'parseError' },
  wrong_field: { code: 2, text: 'A field is missing or has a wrong value', published: 'invalid' },
  no_entity_id: { code: 3, text: 'This is no EntityID', published: 'invalid-eid' },
  foreign_server: { code: 4, text: 'Other servers cannot be reached from here', published: 'unknown-host' },
  no_login: { code: 5, text: 'Log in first', published: 'unauthorized' },
  not_own: { code: 6, text: 'This is not you', published: 'not_own' },
  too_many: { code: 7, text: 'Too many requests, try again later', published: 'ratelimit_exceed' },
  not_found: { code: 8, text: 'There is no such entity', published: 'not_found' },
  not_allowed: { code: 9, text: 'This is not allowed', published: 'not_allowed' },
  unavailable: { code: 10, text: 'The server cannot do this now, try again', published: 'unavailable' },
  fault: { code: 11, text: 'A fault of the server, nothing was changed', published: 'internal-server-error' },
  code_not_sent: { code: 100, text: 'The code could not be sent' },
  no_code_asked: { code: 101, text: 'No code has been asked for on this connection' },
  wrong_code: { code: 102, text: 'This is not the code' },
  too_many_attempts: { code: 103, text: 'Too many attempts, try again later' },
  unknown_device: { code: 104, text: 'The device is unknown or the token is wrong' },
  logged_in: { code: 105, text: 'You are logged in already' },
  beyond_inbox: { code: 200, text: 'Nothing with this number has been sent' },
  nick_taken: { code: 300, text: 'The nick is taken' },
  nick_malformed: { code: 301, text: 'The nick is malformed' },
  yourself: { code: 400, text: 'This is yourself' },
  banned_by_other: { code: 401, text: 'The other does not want to hear from you' },
  banned_by_you: { code: 402, text: 'You have banned the other' },
  nothing_to_confirm: { code: 403, text: 'There is no request to confirm' },
  no_contact: { code: 404, text: 'The other is no contact of yours' },
  cannot_write: { code: 500, text: 'You cannot write here', published: 'not_allowed' },
  deleted: { code: 501, text: 'The message has been deleted', published: 'not_allowed' },
  unreadable_original: { code: 502, text: 'The original cannot be read', published: 'not_allowed' },
  room_exists: { code: 600, text: 'The room id is in use' },
  alias_taken: { code: 601, text: 'The alias is in use' },
  too_many_aliases: { code: 602, text: 'The room has three aliases already' },
  nobody_to_add: { code: 603, text: 'None of these can be added' },
  room_full: { code: 604, text: 'The room is full' },
  only_channels: { code: 605, text: 'Only channels have aliases' },
  registration_disabled: {
    code: 900,
    text: 'Accounts need a phone number',
    published: 'urn:cadmium:profile:register:reg_disabled',
  },
  wrong_credentials: { code: 901, text: 'The credentials are wrong', published: 'urn:cadmium:auth:invalid' },
  unknown_login: { code: 902, text: 'There is no such kind of login', published: 'urn:cadmium:auth:invalid_type' },
  private_banned: { code: 903, text: 'You cannot write to this user', published: 'urn:cadmium:chat:private:banned' },
  chat_required: { code: 904, text: 'Name the chat', published: 'urn:nynja:chat:required' },
} as const

export type CoreErrorName = keyof typeof coreErrors

/** Why a request was not done. `errPayload` is empty unless core.md 2.2 lists something. */
export interface CoreRefusal {
  readonly error: CoreErrorName
  readonly errPayload?: { readonly field: string } | { readonly retryAfter: number }
}

/** A refusal that names the first field that is wrong. */
export function wrongAt(error: CoreErrorName, field: string): CoreRefusal {
  return { error, errPayload: { field } }
}
