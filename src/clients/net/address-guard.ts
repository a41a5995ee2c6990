import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from '../../core/public-address.ts'

/** Why nothing was sent: the receiver lies where a manifest alone must not send anything. */
export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED'

  constructor() {
    super('the address is not a public one')
    this.name = 'AddressRefused'
  }
}

/** Where an address may lie. */
export interface AddressRule {
  /** Hosts, with a port where it is not the scheme's, that a person allowed whatever their addresses are. */
  readonly allowedHosts: readonly string[]
}

/** Whether a person allowed the host: by name, with its port where that is not the scheme's. */
export function isAllowedHost(host: string, { allowedHosts }: AddressRule): boolean {
  return allowedHosts.some((allowed) => allowed.toLowerCase() === host.toLowerCase())
}

/**
 * Looks a name up for a connection and gives back public addresses alone. The connection is made to what was checked
 * here, so that a name which answers differently the next time gains nothing.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) {
      callback(error, '', 0)
      return
    }
    const fine = found.filter(({ address }) => isPublicAddress(address))
    const [first] = fine
    if (!first) callback(new AddressRefused(), '', 0)
    else if (options.all) callback(null, fine)
    else callback(null, first.address, first.family)
  })
}

/** A name as one checked address; an address is checked itself. Rejects with `AddressRefused`. */
export function resolvePublic(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (isIP(host) !== 0) {
      if (isPublicAddress(host)) resolve(host)
      else reject(new AddressRefused())
      return
    }
    guardedLookup(host, {}, (error, address) => {
      if (error) reject(error)
      else if (typeof address === 'string') resolve(address)
      else reject(new AddressRefused())
    })
  })
}
