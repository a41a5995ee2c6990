import { type Static, scalar, truth, unknown } from './value.ts'

type Apply = (target: Static & { readonly type: 'function' }, args: readonly Static[]) => Static

/** `map`, `filter`, `flatMap`, `forEach`, `find`, with a function that is written there. */
export function callbackMethod(
  object: Static,
  name: string,
  [callback]: readonly Static[],
  apply: Apply,
): Static | undefined {
  if (object.type !== 'list' || callback?.type !== 'function') return undefined
  const results = () =>
    object.items.map((item, index) => ({
      item,
      result: apply(callback, [item, scalar(index, item.at)]),
    }))
  const at = object.at
  switch (name) {
    case 'map':
      return { type: 'list', items: results().map(({ result }) => result), at }
    case 'flatMap':
      return {
        type: 'list',
        items: results().flatMap(({ result }) => (result.type === 'list' ? result.items : [result])),
        at,
      }
    case 'forEach':
      results()
      return scalar(undefined, at)
    case 'filter':
    case 'find': {
      const judged = results().map(({ item, result }) => ({ item, isKept: truth(result) }))
      if (judged.some(({ isKept }) => isKept === undefined))
        return unknown('a choice that depends on where it is run', at)
      const kept = judged.filter(({ isKept }) => isKept).map(({ item }) => item)
      return name === 'filter' ? { type: 'list', items: kept, at } : (kept[0] ?? scalar(undefined, at))
    }
    default:
      return undefined
  }
}
