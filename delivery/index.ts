/** What lies between the doors and the workers: connections, requests and their verdicts, deliveries. */
export { aclClient, type AcceptedConnect, type Connection, type Connections, type ConnectWords } from './connection.js'
export type { Decide, Decided } from './deciding.js'
export { type Delivery, newDelivery } from './delivery.js'
export type { DeliveryCounts, DeliveryLog, DeliveryOptions, DeliveryWorld, Door } from './delivery-state.js'
export type { AcceptedClient, CloseReason, Link, Parcel, Wire } from './link.js'
export { lastAnswerSlot } from './slots.js'
