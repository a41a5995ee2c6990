import { deployRoutes } from './deploy-routes.ts'
import { envRoutes } from './env-routes.ts'
import type { Route } from './route.ts'
import { siteRoutes } from './site-routes.ts'

/** The operations of Netlify's description that are played. */
export const routes: readonly Route[] = [...siteRoutes, ...deployRoutes, ...envRoutes]
