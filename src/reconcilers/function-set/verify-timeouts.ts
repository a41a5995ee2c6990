/** Milliseconds that one answer may take: at most, so that a reading ends in time, and where nothing is said. */
export const verifyTimeouts = Object.freeze({ longest: 15_000, usual: 10_000 })
