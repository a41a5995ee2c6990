/** How long a decision may be on its way, in virtual ms: reading, waiting for a slot, acting, all at their slowest. */
export const slack = 12_000
