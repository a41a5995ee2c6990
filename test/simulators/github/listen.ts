import type { Server } from 'node:net'

/** Listens on a port of loopback (default: any), or on a Unix socket. */
export async function listen(
  server: Server,
  place: { readonly port?: number | undefined; readonly socket?: string | undefined },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    if (place.socket) server.listen(place.socket, resolve)
    else server.listen(place.port ?? 0, '127.0.0.1', resolve)
  })
}

/** Where it listens; on a Unix socket the address that its clients ask for all the same. */
export function urlOf(server: Server): string {
  const address = server.address()
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : 'http://api.github.com'
}
