/** The variables that hold a vendor's token where the Fleet names none, in this order. */
export const tokenVariables = Object.freeze({
  github: ['GITHUB_TOKEN', 'GH_TOKEN'],
  netlify: ['NETLIFY_AUTH_TOKEN'],
})
