/** Members in groups. Which group has the most of them is answered in the same time, however many there are. */
export class Crowd<Member> {
  readonly #groupOf: (member: Member) => string
  readonly #byGroup = new Map<string, Set<Member>>()
  /** At place n the groups with n members, those that have had so many for longest first. */
  readonly #levels: Set<string>[] = []
  #size = 0

  /** @param groupOf must say the same of a member for as long as it is one */
  constructor(groupOf: (member: Member) => string) {
    this.#groupOf = groupOf
  }

  get size(): number {
    return this.#size
  }

  has(member: Member): boolean {
    return this.#byGroup.get(this.#groupOf(member))?.has(member) === true
  }

  /** How many are in the group of one that may be a member or not. */
  countLike(member: Member): number {
    return this.#byGroup.get(this.#groupOf(member))?.size ?? 0
  }

  /** How many the group with the most has. */
  get most(): number {
    return Math.max(0, this.#levels.length - 1)
  }

  /** The member of the group with the most that has been here for longest. */
  oldestOfMost(): Member | undefined {
    const [group = ''] = this.#levels[this.most] ?? []
    const [oldest] = this.#byGroup.get(group) ?? []
    return oldest
  }

  add(member: Member): void {
    const group = this.#groupOf(member)
    const members = this.#byGroup.get(group) ?? new Set()
    if (members.has(member)) return
    this.#byGroup.set(group, members.add(member))
    this.#size++
    this.#level(group, members.size - 1, members.size)
  }

  /** Does nothing for who is not a member. */
  remove(member: Member): void {
    const group = this.#groupOf(member)
    const members = this.#byGroup.get(group)
    if (members?.delete(member) !== true) return
    if (members.size === 0) this.#byGroup.delete(group)
    this.#size--
    this.#level(group, members.size + 1, members.size)
  }

  #level(group: string, before: number, after: number): void {
    this.#levels[before]?.delete(group)
    if (after > 0) (this.#levels[after] ??= new Set()).add(group)
    while (this.#levels.length > 0 && (this.#levels.at(-1)?.size ?? 0) === 0) this.#levels.pop()
  }
}
