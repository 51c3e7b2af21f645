import { httpGatewayMethods, smsPresetNames, voicePresetNames } from '../providers/index.js'
import { option, optional } from './option.js'
import { choice, integer, origin, secretHeaders, secretText, text } from './options-kinds.js'

const httpMethod = choice(httpGatewayMethods)
const waitMs = { unit: 'ms' }

/** SMS and calls. */
export const messages = {
  sms: option(choice(['console', 'http']), {
    default: 'console',
    about: 'How codes are sent by SMS: console prints them on the log, for development only; http asks a gateway.',
  }),
  smsGateway: option(choice(['custom', ...smsPresetNames]), {
    default: 'custom',
    about:
      'A gateway with ready settings, which needs only the account; custom is described by URL, headers and body below. A ready one makes sms http.',
  }),
  smsAccount: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'Ready SMS gateway: account id, API key, service plan; with Bird <workspace>/<channel>.',
  }),
  smsSecret: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'Ready SMS gateway: token, password or secret of the account.',
  }),
  smsSender: option(text, { default: '', shownDefault: 'none', about: 'Ready SMS gateway: number or name that messages come from.' }),
  smsOrigin: optional(origin, 'Ready SMS gateway: scheme and host in place of its own, as Infobip gives every customer.'),
  smsUrl: option(secretText, { default: '', shownDefault: 'none', about: 'URL of the SMS gateway; may hold {phone}, {text} and {code}.' }),
  smsMethod: option(httpMethod, { default: 'POST', about: 'HTTP method of the SMS gateway.' }),
  smsHeaders: option(secretHeaders, {
    default: {},
    shownDefault: 'none',
    about: 'HTTP headers for the SMS gateway. In the file an object.',
  }),
  smsBody: option(secretText, {
    default: '{"to":"{phone}","text":"{text}"}',
    shownDefault: '`{"to":"{phone}","text":"{text}"}`, none with GET',
    about:
      'Body for the SMS gateway, with the same placeholders; empty for none. Values are escaped as the content type (JSON, form, plain) asks.',
  }),
  smsAccepted: option(text, {
    default: '',
    shownDefault: 'none',
    about:
      'What the answer of the SMS gateway holds somewhere when it has accepted a message; a 2xx answer without it is a refusal. Without this option an answer is one that tells of an error: in JSON an error field, success false or a failed status, in other text ERR or FAIL at its beginning.',
  }),
  smsTimeoutMs: option(integer(100, 60_000), { ...waitMs, default: 5_000, about: 'How long one attempt at the SMS gateway may take.' }),
  smsRetries: option(integer(0, 10), { default: 3, about: 'Attempts after the first: on timeouts, broken connections, 408, 429 and 5xx.' }),
  voice: option(choice(['console', 'http']), { default: 'console', about: 'How codes are spoken in a call; as for SMS.' }),
  voiceGateway: option(choice(['custom', ...voicePresetNames]), {
    default: 'custom',
    about:
      'A gateway with ready settings, which needs only the account; custom is described by URL, headers and body below. A ready one makes voice http.',
  }),
  voiceAccount: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'Ready voice gateway: account id, API key, service plan; with Bird <workspace>/<channel>.',
  }),
  voiceSecret: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'Ready voice gateway: token, password or secret of the account.',
  }),
  voiceSender: option(text, { default: '', shownDefault: 'none', about: 'Ready voice gateway: number or name that calls come from.' }),
  voiceOrigin: optional(origin, 'Ready voice gateway: scheme and host in place of its own, as Infobip gives every customer.'),
  voiceUrl: option(secretText, {
    default: '',
    shownDefault: 'none',
    about: 'URL of the voice gateway; may hold {phone}, {code} and {lang}.',
  }),
  voiceMethod: option(httpMethod, { default: 'POST', about: 'HTTP method of the voice gateway.' }),
  voiceHeaders: option(secretHeaders, {
    default: {},
    shownDefault: 'none',
    about: 'HTTP headers for the voice gateway. In the file an object.',
  }),
  voiceBody: option(secretText, {
    default: '{"to":"{phone}","code":"{code}","language":"{lang}"}',
    shownDefault: '`{"to":"{phone}","code":"{code}","language":"{lang}"}`, none with GET',
    about: 'Body for the voice gateway, as for SMS.',
  }),
  voiceAccepted: option(text, {
    default: '',
    shownDefault: 'none',
    about:
      'What the answer of the voice gateway holds somewhere when it has accepted a message; a 2xx answer without it is a refusal. Without this option an answer is one that tells of an error: in JSON an error field, success false or a failed status, in other text ERR or FAIL at its beginning.',
  }),
  voiceTimeoutMs: option(integer(100, 60_000), { ...waitMs, default: 5_000, about: 'How long one attempt at the voice gateway may take.' }),
  voiceRetries: option(integer(0, 10), { default: 3, about: 'Attempts after the first, as for SMS.' }),
}
