/** Arguments that a command takes at once from a script: a Lua stack holds no more than some thousands. Even: pairs stay together. */
const atOnce = 4_000

/** Lua: `inStretches(size, run)` calls `run(from, to)` for the stretches that lists of `size` are handed to commands in. */
export const stretchesInLua = `
local function inStretches(size, run)
  for from = 1, size, ${atOnce} do run(from, math.min(from + ${atOnce - 1}, size)) end
end
`
