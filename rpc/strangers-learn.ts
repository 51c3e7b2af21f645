/**
 * What is shown of somebody to those whom he has not befriended and not asked: his first name, or also surname, nick and picture.
 * @see docs/decisions/0205-a-budget-for-asking-about-people.md
 */
export const strangersLearn = ['name', 'all'] as const
export type StrangersLearn = (typeof strangersLearn)[number]
