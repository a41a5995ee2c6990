import cluster from 'node:cluster'
import { createServer } from 'node:http'

const port = Number(process.env.PORT)
const server = createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok\n')
  response.end(`${process.env.GREETING}, from process ${process.pid}\n`)
})

server.listen(port, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${port}`)
  // Tells PM2 that this worker takes requests, so that a reload may stop the old one.
  process.send?.('ready')
})

process.on('SIGINT', () => {
  // A worker of a cluster hands its share of the port back first, so that a reload loses no request.
  if (cluster.isWorker) cluster.worker.disconnect()
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
