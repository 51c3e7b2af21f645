/** The MQTT side: listeners, connections, inbox delivery. */
export { newRateGate, type RateGate, type RateLimit } from './address-limits.js'
export { Crowd } from './crowd.js'
export type { MessengerCounts, MessengerLog, MessengerOptions, MessengerWorld, Origin } from './broker-state.js'
export {
  type ArrivalHall,
  type ConnectionGate,
  guardConnections,
  listenTcp,
  listenTls,
  listenWebSocket,
  type ListenAddress,
  type Listener,
  type TlsListener,
  type TlsPair,
} from './listeners.js'
export { networkOf } from './network.js'
export { Places, type PlaceLimits, type TurnedAway } from './places.js'
export { sliceHttp } from './sliced-reading.js'
export { TransferSockets, type TransferSocketsParts } from './transfer-sockets.js'
export { startMessenger, type Messenger } from './messenger.js'
