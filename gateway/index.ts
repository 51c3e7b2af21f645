/** Doors beside MQTT. */
export { type CoreDoor, type CoreDoorOptions, type CoreDoorWorld, startCoreDoor } from './core/core-door.js'
