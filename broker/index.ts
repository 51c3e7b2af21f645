/** The MQTT side: listeners, the door of MQTT 3.1.1, plain MQTT use. */
export { newRateGate, type RateGate, type RateLimit } from './listeners/address-limits.js'
export { Crowd } from './listeners/crowd.js'
export type { MessengerCounts, MessengerOptions, MessengerWorld } from './broker-state.js'
export type { Origin } from './origin.js'
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
export { fullBudget, type PublishBudget, type PublishRate, spendOne } from './packets/publish-budget.js'
export { startMessenger, type Messenger } from './messenger.js'
