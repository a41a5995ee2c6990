import { createServer } from 'node:http'

/** A vendor that knows nothing: enough to run what asks one, up to his answer. */
export async function openVendor() {
  const server = createServer((_, response) => {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":404,"message":"Not Found"}')
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
