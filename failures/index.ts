/** What the failures of the system and of libraries mean, for whoever has to tell them. Imports nothing of ours. */
export { type ConnectionFailure, connectionFailure } from './connection-failure.js'
