import { createServer } from 'node:http'

/** A vendor for the build to ask. What `answer` gives for a request is sent as JSON; undefined: he knows nothing of it. */
export async function openVendor(answer = async () => undefined) {
  const server = createServer(async (request, response) => {
    const found = await answer(request)
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? { code: 404, message: 'Not Found' }))
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
