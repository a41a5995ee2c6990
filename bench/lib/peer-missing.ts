/** What we are to be compared with is not on this machine. */
export class PeerMissing extends Error {
  constructor(peer: string) {
    super(`${peer} is not installed. \`npm run bench:install\` installs all that we are compared with.`)
  }
}
