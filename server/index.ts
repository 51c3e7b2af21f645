/** The door of `server/`: the whole server as a command. */
export { serve } from './main.js'
export { runStickers, type StickersAnswer, type StickersAsked } from './stickers-command.js'
