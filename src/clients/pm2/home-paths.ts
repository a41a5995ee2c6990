import { join } from 'node:path'

/** Where PM2 keeps what, in its own layout, which it keeps since version 2. */
export interface HomePaths {
  readonly home: string
  readonly rpcSocket: string
  readonly busSocket: string
  /** Names a daemon, but not always the one that lives: only ever a hint. */
  readonly pidFile: string
  readonly daemonLog: string
  readonly logs: string
  readonly pids: string
  readonly modules: string
  readonly moduleConfig: string
  /** What PM2 starts with the machine, environments and all, and what it did before that was written. */
  readonly dumps: readonly string[]
  /** Its presence keeps PM2's command from printing its banner before its output. */
  readonly bannerMark: string
  /** Ours: who acts in this home. */
  readonly writerClaim: string
  /** Ours: who starts a daemon at the moment. */
  readonly startClaim: string
}

/** The paths inside of a PM2_HOME. */
export function homePaths(home: string): HomePaths {
  return {
    home,
    rpcSocket: join(home, 'rpc.sock'),
    busSocket: join(home, 'pub.sock'),
    pidFile: join(home, 'pm2.pid'),
    daemonLog: join(home, 'pm2.log'),
    logs: join(home, 'logs'),
    pids: join(home, 'pids'),
    modules: join(home, 'modules'),
    moduleConfig: join(home, 'module_conf.json'),
    dumps: [join(home, 'dump.pm2'), join(home, 'dump.pm2.bak')],
    bannerMark: join(home, 'touch'),
    writerClaim: join(home, 'reconciled.lock'),
    startClaim: join(home, 'reconciled-start.lock'),
  }
}

/** A process's name as PM2 writes it into file names: `a/b` and `a-b` are the same there. */
export function fileNameOf(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '-')
}
