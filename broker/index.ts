/** The MQTT side: listeners, connections, inbox delivery. */
export { newRateGate, type RateGate, type RateLimit } from './listeners/address-limits.js'
export { Crowd } from './listeners/crowd.js'
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
} from './listeners/listeners.js'
export { networkOf } from './listeners/network.js'
export { Places, type PlaceLimits, type TurnedAway } from './listeners/places.js'
export { sliceHttp } from './listeners/sliced-reading.js'
export { TransferSockets, type TransferSocketsParts } from './listeners/transfer-sockets.js'
export { startMessenger, type Messenger } from './messenger.js'
