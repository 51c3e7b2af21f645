// Cuts the power of a store many times. Usage: npm run power -- [cuts [seed]]; 10,000 and 1 by default.
import { requirePrograms } from './debian-program.mjs'

requirePrograms('Tests of power cuts', 'gcc')
await import('../dist/test/power/main.js')
