/** What can go wrong with a call. `-after`: the effect takes place, and the answer is lost. */
export const faultKinds = [
  '500',
  '502',
  '502-after',
  '503',
  '429',
  '429-bare',
  'secondary',
  'primary',
  'forbidden',
  'hang',
  'cut',
  'cut-after',
  'empty',
  'stale',
  /** Lists show runs that were run again as they were before. */
  'older-attempt',
  /** Lists show what was not asked for, as where GitHub does not understand a filter. */
  'unfiltered',
  'malformed',
  'wrong-shape',
  /** Refuses the call, and repeats all that it was sent. */
  'echo',
  /** A proxy or a captive portal answers in GitHub's place: with a page, with one that says 404, or from elsewhere. */
  'page',
  'page-404',
  'astray',
  /** An answer that never ends. */
  'endless',
] as const
export type FaultKind = (typeof faultKinds)[number]
