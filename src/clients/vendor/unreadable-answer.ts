/** What came is nothing that the vendor says: nothing is concluded from it, neither that a thing is missing nor that one is done. */
export class UnreadableAnswer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnreadableAnswer'
  }
}

/** `didWhat`: what of the answer no vendor does, such as `answered 200 and no JSON`. */
export function notOf(vendor: 'GitHub' | 'Netlify', didWhat: string): UnreadableAnswer {
  return new UnreadableAnswer(
    `something between us and ${vendor} ${didWhat}, such as a proxy, or his API has another address`,
  )
}
