import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A real mail server on loopback that keeps what it gets; it knows one password. */
export class Mailbox {
  readonly mails: string[] = []
  readonly logins: string[] = []
  readonly port: number
  readonly #server: SMTPServer

  private constructor(server: SMTPServer, port: number) {
    this.#server = server
    this.port = port
  }

  static async open(password: string, own: Partial<SMTPServerOptions> = {}): Promise<Mailbox> {
    let box: Mailbox | undefined
    const server = new SMTPServer({
      logger: false,
      authOptional: true,
      onAuth(auth, _, callback) {
        box?.logins.push(String(auth.password))
        if (auth.password === password) callback(null, { user: 'alerts' })
        else callback(Object.assign(new Error(`${auth.password} is wrong`), { responseCode: 535 }))
      },
      onData(stream, _, callback) {
        let text = ''
        stream.on('data', (chunk) => {
          text += String(chunk)
        })
        stream.on('end', () => {
          box?.mails.push(text)
          callback()
        })
      },
      ...own,
    })
    // A client that goes away is what some of these tests are about.
    server.on('error', () => undefined)
    const port = await new Promise<number>((resolve) => {
      const listener = server.listen(0, '127.0.0.1', () => {
        const address = listener.address()
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
    box = new Mailbox(server, port)
    return box
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
