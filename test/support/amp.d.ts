/** What tests use of the reference implementation of PM2's framing; the package brings no types. */
declare module 'amp-message' {
  class Message {
    constructor(args: readonly unknown[] | Buffer)
    readonly args: unknown[]
    toBuffer(): Buffer
  }
  // biome-ignore lint/style/noDefaultExport: the package exports its class alone.
  export default Message
}
