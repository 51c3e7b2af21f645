import type { Drive } from '../load/drive.js'
import type { Rig } from '../load/plain-lanes.js'
import type { Peer } from '../peers/peer.js'
import type { Row } from '../report.js'

export interface ScenarioContext {
  /** How long each server is measured at each load, in all rounds together. */
  readonly seconds: number
  readonly log: (line: string) => void
  /** False while the server of this repository cannot be started: the others are measured all the same. */
  readonly hasNynja: boolean
  /** Of the hostile: only these attacks. */
  readonly attacks?: readonly string[]
  /** Of the hostile, if not as many as it has by itself. */
  readonly rounds?: number
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly run: (context: ScenarioContext) => Promise<readonly Row[]>
  /** Gets one of two builds ready to be loaded alike; absent where a scenario is not about what one server can do. */
  readonly versusRig?: (peer: Peer) => Promise<VersusRig>
}

/** Lanes to be driven at full load, or something that drives by itself. */
export type VersusRig = { readonly rig: Rig; readonly window: number } | Drive
