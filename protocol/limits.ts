/**
 * Every limit of the protocol. Source: rpc.md 1.5 and topics.md, or our own where it says so. Characters are Unicode code points, bytes
 * are of UTF-8.
 */
export const limits = Object.freeze({
  /** Bytes of a PUBLISH payload from a device; larger files go through FTP. */
  payloadBytes: 65_536,
  /** Bytes of one MQTT packet; a larger one closes the connection (topics.md 12). */
  packetBytes: 1_048_576,
  /** Bytes of an answer or push that a client of ours reads (our own; a Profile with many contacts is far below it). */
  pushBytes: 16_777_216,
  /** Records, tuples and lists within each other (our own; the deepest listed record needs 12). */
  depth: 32,
  /** Fields of one payload whose values do not fit; of more, the field around them is passed over as a whole (our own). */
  misfits: 1_000,
  /** Bytes of an integer in a field of any term (our own). */
  integerBytes: 256,
  /** The same in decimal digits. */
  integerDigits: 616,
  /** Characters of an atom (the external term format). */
  atomCharacters: 255,

  /** Characters of Roster.names. */
  namesMin: 2,
  namesMax: 32,
  /** Characters of Roster.surnames. */
  surnamesMin: 1,
  surnamesMax: 32,
  /** A nick; unique without regard to case. */
  nick: /^[A-Za-z0-9_]{2,32}$/,
  /** Characters of Room.name. */
  roomNameMin: 1,
  roomNameMax: 32,
  /** Characters of Room.description. */
  descriptionMax: 255,
  /** Characters of Room.tos. */
  tosMax: 4_096,
  /** Characters of Member.alias. */
  aliasMin: 1,
  aliasMax: 32,
  /** Characters of Tag.name. */
  tagNameMin: 1,
  tagNameMax: 32,
  /** Bytes of Tag.color. */
  tagColorMaxBytes: 16,
  /** Tags and stars of a roster, and bytes of the messages copied into its stars (our own: all of it is in every Profile). */
  tagsPerRoster: 100,
  starsPerRoster: 500,
  starBytesPerRoster: 2_097_152,
  /** Bytes of Star.client_id (our own). */
  starClientIdMaxBytes: 255,
  /** The id of a channel link. */
  link: /^[a-zA-Z0-9_]{2,48}$/,
  linksPerChannel: 3,

  /** Bytes of a Desc of mime text. */
  textMinBytes: 1,
  textMaxBytes: 16_384,
  descsPerMessageMin: 1,
  descsPerMessageMax: 10,
  /** Bytes of Message.msg_id. */
  msgIdMinBytes: 1,
  msgIdMaxBytes: 255,

  rostersPerProfile: 5,
  /** Sessions of a phone; with one more, the one longest unused is logged out. */
  sessionsPerPhone: 10,
  /** Entries of a History page, and how many if no size is asked. */
  historyPageMax: 1_000,
  historyPageDefault: 20,
  /** Bytes of stored messages in a History page of more than one. */
  historyPageBytes: 1_048_576,
  /** Where the unread counter stops. */
  unreadMax: 100,
  membersPerGroup: 500,
  membersPerChannel: 10_000,
  /** Values in one Search, and contacts in its answer; a search by phone answers with all that match. */
  searchValues: 1_000,
  searchResults: 50,
  /** Characters of a `like` search. */
  searchLikeMin: 3,

  /** Milliseconds between two locations of one profile that friends are told (rpc.md 14). */
  locationPushMs: 5_000,
  /** Bytes of CDR.id, seconds of a call, and calls kept for a chat or room, the oldest going first (our own). */
  callIdMaxBytes: 255,
  callSecondsMax: 2_592_000,
  callsPerFeed: 100,

  /** Bytes of one FTP block on the WebSocket, of one on `events`, and of one file. */
  ftpBlockBytes: 256_000,
  ftpEventsBlockBytes: 32_768,
  ftpFileBytes: 104_857_600,
  /** Bytes of ftp.id and ftp.filename, and of a frame on the WebSocket: a block in base64 and what is around it (our own). */
  ftpIdMaxBytes: 255,
  ftpFilenameMaxBytes: 1_024,
  ftpFrameBytes: 360_448,

  /** Bytes of a client id and of a token (topics.md 2). */
  clientIdBytes: 128,
  tokenBytes: 512,
  /** Deliveries queued for a device that is away (topics.md 11). */
  queuedDeliveries: 1_000,
})
