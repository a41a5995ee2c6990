import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
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

/** Node's look-up of all addresses of a name. */
type LookUpAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

/**
 * Looks a name up for a connection and gives back public addresses alone. The connection is made to what was checked
 * here, so that a name which answers differently the next time gains nothing.
 */
export function guardLookup(lookUpAll: LookUpAll): LookupFunction {
  return (hostname, options, callback) => {
    lookUpAll(hostname, { ...options, all: true }, (error, found) => {
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
}

/** The same, by the resolver of the machine. */
export const guardedLookup: LookupFunction = guardLookup(lookup)

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
