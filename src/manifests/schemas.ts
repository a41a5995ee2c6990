/** What scripts/generate.mjs made from schemas/: validators by kind, and the schemas themselves by `$id`. */
// biome-ignore lint/correctness/useImportExtensions: the rule takes the declarations (.d.mts) for the module.
export { type SchemaNode, schemas, type ValidationError, validators } from '../../build/validators.mjs'
