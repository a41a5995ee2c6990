import type { ConnectContext, Reconciler } from '../../src/core/reconciler.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { Resolved } from '../../src/core/secret.ts'

/**
 * What a domain tells the conformance suite, so that the suite can hold it to the properties that every domain has
 * (`suite.ts` lists them, each as a test). To bring a domain in:
 *
 * 1. Write `test/conformance/<domain>-adapter.ts`: an object of this type. Its `open` makes a world of its own (a
 *    daemon, a simulator, a folder) and gives a `Stage` on it; every test of the suite shares that one stage and works
 *    under names of its own, so a world that takes long to make is made once.
 * 2. Write `test/conformance/<domain>.test.ts`: `describeConformance(adapter)`.
 *
 * The suite never looks into a domain: it runs the real engine over `Stage.reconciler` and the connection that this
 * gives, and asks the stage what the outside world looks like. So whatever a stage says of the world must come from
 * the world itself (the daemon's own list, the simulator's state, the bytes of a file, /proc), never from the domain
 * under test.
 */
export interface ConformanceAdapter<Spec, Observed> {
  /** The title of its tests, such as `Process of PM2 7`. */
  readonly name: string
  /**
   * Fields of the kind's schema that no variation changes, each with the reason. Every other property of `spec` must
   * be changed by a variation, so that a new field cannot be forgotten. Undefined: the kind has no schema.
   */
  readonly unvaried: Readonly<Record<string, string>> | undefined
  /** Whether the removal of a manifest with `deletionPolicy: Delete` does something to the world. */
  readonly canDelete: boolean
  open(): Promise<Stage<Spec, Observed>>
}

/** A world with its domain. */
export interface Stage<Spec, Observed> {
  readonly reconciler: Reconciler<Spec, Observed>
  /** What `connect` is given; what is left out gets a harmless default (the system's clock, no environment). */
  readonly context: Partial<ConnectContext>
  /**
   * A resource of that name as the manifests part would hand it over, and a world in which it can be managed: where
   * somebody else makes the thing (a repository's workflow, a site, a package.json), it is there now, in need of at
   * least one action. Asked twice for one name it gives the same again, and does not touch what was made.
   */
  sample(name: string): Promise<Resource<Resolved<Spec>>>
  /**
   * Ways to declare it differently. The suite goes from the sample to each, and back again. Together they change
   * every field; each one must lead to at least one action unless `isQuiet`.
   */
  readonly variations: readonly Variation<Spec>[]
  /** Asserts that the world, by its own word, is as this resource declares. */
  expectAsDeclared(resource: Resource<Resolved<Spec>>): Promise<void>
  /**
   * How many of it there are by the world's own word: 0 before, 1 when it is as declared, and never more. All instances
   * of one declaration are one.
   */
  copies(resource: Resource<Resolved<Spec>>): Promise<number>
  /** Whether the removal of its manifest has had its effect (a process gone, a workflow disabled). */
  isGone(name: string): Promise<boolean>
  /** The same resource with the outside name that the sample of `name` has, which was asked for before. */
  renamed(resource: Resource<Resolved<Spec>>, name: string): Resource<Resolved<Spec>>
  /** Takes it away behind our back. Undefined: nobody can. */
  takeAway?(name: string): Promise<void>
  /** Ways in which reading fails; each gives the way to mend it. At least one hits the whole domain. */
  readonly breakages: readonly Breakage[]
  /**
   * All of the world as text, byte for byte: what a dry run must leave as it is. Not what changes by itself (memory
   * in use, ages), and not what reading leaves in a vendor's access log.
   */
  snapshot(): Promise<string>
  /** A reading without what changes by itself, for comparison. Default: all of it. */
  steady?(observed: Observed): unknown
  /** Texts that are secrets: they appear in no field, plan, intent or event. Default: none. */
  readonly secrets?: readonly string[]
  /** Runs work that waits on the stage's own clock. Default: just awaits it. */
  run?<T>(work: Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface Variation<Spec> {
  /** The field of `spec` that changes, such as `env` or `green.within`. */
  readonly field: string
  /** What it becomes, in words, such as `a key less`. */
  readonly what: string
  /** The changed resource; given that of `sample`. */
  change(resource: Resource<Resolved<Spec>>): Resource<Resolved<Spec>>
  /** Whether nothing in the world has to change for it, because only judging uses it (such as a probe). */
  readonly isQuiet?: boolean
  /** Whether nothing has to be done on the way back, because what the sample declares is still there. */
  readonly isQuietBack?: boolean
}

export interface Breakage {
  /** Such as `the daemon does not answer`. */
  readonly what: string
  /** Breaks it; the result mends it. */
  begin(): Promise<() => Promise<void> | void>
}
