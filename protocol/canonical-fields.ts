import type { Dialect, RecordTag } from './records.js'

/** Fields of a layout that have another name in the canonical record, or of which it makes several. */
const renamed: ReadonlyMap<string, readonly string[]> = new Map([
  ['v1 Message.edit_msg', ['link']],
  ['v11 Desc.data', ['data', 'size', 'filename', 'info']],
  ['v1 Typing.author', ['from']],
  ['v1 Typing.room', ['to']],
  ['v11 Typing.phone_id', ['from', 'to']],
  ['v11 Contact.reader', ['reader', 'other_reader']],
  ['v11 Contact.services', ['services', 'vox_id']],
  ['v11 Member.services', ['services', 'vox_id']],
  ['v1 History.size', ['size', 'next']],
  ['v1 ftp.status', ['status', 'status_form']],
  ['v11 ftp.status', ['status', 'status_form']],
  ['v1 ok.code', ['code', 'ref']],
  ['v11 ok.code', ['code', 'ref']],
])

/** The fields of the canonical record that are made of a field of a layout; a record within it stands in the first. */
export function canonicalFields(tag: RecordTag, dialect: Dialect, field: string): readonly string[] {
  return renamed.get(`${dialect} ${tag}.${field}`) ?? [field]
}
