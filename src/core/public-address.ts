import { BlockList, isIP } from 'node:net'

/** IANA's special-purpose registries: what is not a place on the public internet. */
const specialRanges = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // All else outside 2000::/3 is special; within it these are, some of which hold an IPv4 address of their own.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const special = listedWhenAsked(specialRanges)
const global = listedWhenAsked([['2000::', 3]])

/** Made for the first question: most runs of the program ask none. */
function listedWhenAsked(ranges: readonly (readonly [address: string, prefix: number])[]): () => BlockList {
  let list: BlockList | undefined
  return () => {
    if (list) return list
    list = new BlockList()
    for (const [address, prefix] of ranges)
      list.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4')
    return list
  }
}

/**
 * Whether an IP address is one of the public internet: not of this machine, a private network, a link, a cloud's
 * metadata service, or any range that IANA sets apart (https://www.iana.org/assignments/iana-ipv4-special-registry).
 * An IPv4 address inside an IPv6 one is never public.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !special().check(address, 'ipv4')
  if (family !== 6 || address.includes('%')) return false
  return global().check(address, 'ipv6') && !special().check(address, 'ipv6')
}

/** Whether a host is known, without asking anybody, not to be a public one: an address, or a name of this machine. */
export function isKnownPrivateHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return !isPublicAddress(bare)
  return /(?:^|\.)localhost\.?$/i.test(bare)
}

/** Whether a host, without its port, is this machine by its name alone: what is sent there crosses no network. */
export function isOwnMachine(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
