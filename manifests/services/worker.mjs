const pause = process.argv.includes('--slow') ? 10_000 : 2_000

async function work() {
  try {
    const response = await fetch(process.env.TARGET, { signal: AbortSignal.timeout(1_000) })
    console.log(`${response.status} ${(await response.text()).trim()}`)
  } catch (error) {
    console.error(`${process.env.TARGET} did not answer: ${error.message}`)
  }
}

setInterval(work, pause)
await work()
