/** What can go wrong with a call. `-after`: the effect takes place, and the answer is lost. */
export type FaultKind =
  | '500'
  | '502-after'
  | '429'
  | 'forbidden'
  | 'hang'
  | 'cut'
  | 'cut-after'
  | 'malformed'
  | 'wrong-shape'
  /** Refuses the call, and repeats all that it was sent. */
  | 'echo'
  /** A list tells what was before the last change. */
  | 'stale-list'
  /** The processing of the deploy ends in an error. */
  | 'deploy-error'
  /** A proxy or a captive portal answers in Netlify's place: with a page, with one that says 404, or from elsewhere. */
  | 'page'
  | 'page-404'
  | 'astray'
