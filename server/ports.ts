/** The ports in use; `off` for listeners that are not open. */
export interface Ports {
  readonly mqtt: number | 'off'
  readonly ws: number | 'off'
  readonly tls: number | 'off'
  readonly http: number | 'off'
  /** For whoever runs the server. */
  readonly admin: number | 'off'
}
