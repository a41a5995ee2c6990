import type { Tell } from './notice.ts'
import { type Static, spreadKey } from './static/value.ts'

/** One application of a configuration, as it stands there. */
export type AppEntry = Static & { readonly type: 'map' }

/**
 * The applications that a configuration exports: `apps` (or `pm2`), or what is exported as a whole. Undefined: nothing
 * that could be told without running it.
 */
export function appsOf(exported: Static, tell: Tell): readonly AppEntry[] | undefined {
  const whole =
    exported.type === 'map'
      ? (exported.entries.get('apps') ?? exported.entries.get('pm2') ?? exported)
      : exported
  if (exported.type === 'map' && whole !== exported) tellOthers(exported, tell)
  const list = whole.type === 'list' ? whole.items : [whole]
  const apps = list.flatMap((app) => {
    if (app.type === 'map') return app.entries.size === 0 && app === exported ? [] : [app]
    const why = app.type === 'unknown' ? app.why : `a ${app.type}`
    tell({
      code: 'import-ecosystem-app',
      message: `an application was left out: it is ${why}, which only running the file could tell (--evaluate)`,
      place: app.at,
    })
    return []
  })
  return apps.length === 0 && (whole.type !== 'list' || whole.items.length > 0) ? undefined : apps
}

function tellOthers(exported: AppEntry, tell: Tell): void {
  for (const [key, { at }] of exported.entries) {
    if (key === 'apps' || key === 'pm2' || key === spreadKey) continue
    if (key === 'deploy') {
      const message = 'the `deploy` block was left out: getting the code there is not what a manifest does'
      tell({ code: 'import-ecosystem-deploy', message, place: at })
    } else {
      const message = `${key} was left out: PM2 has no such field beside the applications, or a manifest has none`
      tell({ code: 'import-ecosystem-unknown-field', message, place: at })
    }
  }
}
