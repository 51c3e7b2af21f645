import type { Row } from '../report.js'

export interface ScenarioContext {
  /** How long each server is measured at each load, in all rounds together. */
  readonly seconds: number
  readonly log: (line: string) => void
  /** False while the server of this repository cannot be started: the others are measured all the same. */
  readonly hasNynja: boolean
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly run: (context: ScenarioContext) => Promise<readonly Row[]>
}
