/** The door of `server/`: the whole server as a command. */
export { serve } from './main.js'
