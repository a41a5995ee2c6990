import type { Diagnostic } from '../core/diagnostic.ts'

interface CatalogueEntry {
  readonly severity: Diagnostic['severity']
  /** What is wrong, one sentence. */
  readonly meaning: string
  /** What to do about it, one sentence. */
  readonly cure: string
}

const error = (meaning: string, cure: string): CatalogueEntry => ({ severity: 'error', meaning, cure })
const warning = (meaning: string, cure: string): CatalogueEntry => ({ severity: 'warning', meaning, cure })

/**
 * Every fault that reading manifests can find; a domain has further ones of its own. Codes are never reused.
 * docs/diagnostics.md is checked against it.
 */
export const diagnosticCatalogue = Object.freeze({
  // Files
  'nothing-declared': error(
    'The manifests folder does not exist or holds no resource, whatever settings such as a Fleet it holds. Nothing is ever deleted because of it.',
    'Write a manifest, or name the right folder with `-f`.',
  ),
  'file-missing': error('A file that was named does not exist.', 'Correct the name.'),
  'file-unreadable': error('A file or a folder could not be read.', 'Allow the user to read it.'),
  'file-special': error(
    'A manifest is a device, a pipe or a socket; it is not opened.',
    'Put a regular file there.',
  ),
  'file-outside-root': error(
    'A link leads out of the fleet root, or out of the git work tree that it lies in, so that what it points to is not under version control here.',
    'Copy what it points to into the fleet root, or name that place itself.',
  ),
  'file-loop': error('A link leads back to a folder that it lies in, or to itself.', 'Remove the link.'),
  'file-too-large': error(
    'A file is larger than 256 KiB, or holds more values than a manifest plausibly does.',
    'Split it: any number of files is read.',
  ),
  'too-many-files': error('The folder holds more than 5,000 manifests.', 'Name a smaller folder with `-f`.'),
  'not-utf8': error('A file is not UTF-8 text.', 'Save it as UTF-8.'),
  'control-character': error(
    'A file holds a control character, a lone carriage return or a character that changes the direction of text: what people see would differ from what is read.',
    'Remove it, or write it as an escape such as "\\x1b" inside double quotes.',
  ),
  'empty-file': warning(
    'A file holds no document, or nothing but comments. If it held resources before, they stay until the file itself is removed: it was perhaps caught in the middle of a save.',
    'Delete the file, or list it in .reconcileignore.',
  ),

  // YAML
  'yaml-syntax': error('A file is not YAML.', 'Correct it at the place that is shown.'),
  'yaml-too-deep': error('Values are nested more than 50 deep.', 'Nest less.'),
  'yaml-too-many-keys': error('A file holds more than 2,000 keys.', 'Split it: any number of files is read.'),
  'yaml-too-many-aliases': error(
    'A file uses more than 50 aliases, or its aliases expand to more than 20,000 values.',
    'Write the values out.',
  ),
  'yaml-alias': error(
    'An alias names no anchor, or an anchor that it lies in itself.',
    'Correct the name, or write the value out.',
  ),
  'yaml-duplicate-key': error('A key stands twice in one mapping.', 'Remove one of them.'),
  'yaml-forbidden-key': error(
    'A key is `__proto__`, `constructor` or `prototype`, which programs take for something else.',
    'Choose another key.',
  ),
  'yaml-key-not-text': error('A key is not a text.', 'Write it in quotes.'),
  'yaml-merge-key': error(
    'A merge key (`<<`) is used, which YAML 1.2 does not have.',
    'Write the fields out, or patch them in an environment.',
  ),
  'yaml-tag': error('A tag (`!name`) is not known.', 'Remove it; a value in quotes is a text.'),
  'yaml-ambiguous-number': error(
    'A number has a leading zero, more digits than a program keeps, or is infinite: readers of YAML differ on it.',
    'Write it in quotes if it is a text, or as a plain decimal number.',
  ),
  'yaml-version': error('A `%YAML` line asks for another version than 1.2.', 'Remove the line.'),

  // Documents
  'not-a-resource': error(
    'A document is not a mapping of fields.',
    'Begin it with `apiVersion:` and `kind:`.',
  ),
  'other-program': error(
    'A document belongs to another program: its apiVersion is not `reconcile.dev/v1`.',
    'Move it out of the folder, or list it in .reconcileignore.',
  ),
  'unknown-kind': error('A document has a kind that does not exist.', 'Correct the kind.'),
  'unknown-field': error('A field does not exist in this place.', 'Correct its name or its indentation.'),
  'missing-field': error('A field that is required is not there.', 'Add it.'),
  'wrong-type': error('A value is of another type than the field takes.', 'Give it the type that is named.'),
  'wrong-value': error(
    'A value is not one that the field takes.',
    'Give it a value of the form that is named.',
  ),
  'invalid-key': error('A key has a form that is not allowed in this place.', 'Rename it.'),
  'duplicate-item': error('A list that may not repeat itself holds an item twice.', 'Remove one of them.'),
  'encrypted-field': error(
    'A value is encrypted by SOPS that is no secret, so that nobody can tell what is declared without decrypting it.',
    'Encrypt only values that may be references, by an `encrypted_regex` in .sops.yaml; the hint shows one.',
  ),
  'reference-shape': error(
    'A reference names no source or several.',
    'Give exactly one of `fromEnv`, `fromFile` and `fromCommand`.',
  ),

  // Fields that every kind has
  'duration-out-of-bounds': error('A duration is shorter or longer than its field allows.', 'Change it.'),
  'fallback-after-bounds': error(
    '`fallbackAfter` is greater than `recovery.maxAttempts`, or stands without a `fallback`.',
    'Give a number from 1 to `maxAttempts`.',
  ),
  'ignore-unknown-field': error(
    'An `ignore` pointer names no field that the kind has.',
    'Correct it; it starts in `spec`, as in `/instances`.',
  ),
  'cron-invalid': error('A cron expression cannot be understood.', 'Correct it: 5 fields.'),
  'cron-never': error('A cron expression can never fire.', 'Give it a day that exists.'),
  'timezone-unknown': error('A time zone is not known.', 'Give an IANA name such as `Europe/Berlin`.'),
  'suspend-past': warning(
    '`suspend.until` lies in the past and suspends nothing.',
    'Remove `suspend`, or give a later time.',
  ),

  // Resources together
  'duplicate-id': error('Two documents declare the same resource.', 'Rename or remove one of them.'),
  'duplicate-name': error(
    'Two resources stand for one thing in the outside world.',
    'Give one of them another `spec.name`, or remove it.',
  ),
  'duplicate-fleet': error('There are two Fleet documents.', 'Keep one.'),
  'unknown-reference': error(
    'A `dependsOn`, a `fallback` or an Alert names a resource or a Receiver that is not declared.',
    'Correct the name, or declare it.',
  ),
  'reference-not-read': warning(
    'A `dependsOn`, a `fallback` or an Alert names a resource or a Receiver that is not in the files that were named with `-f`.',
    'Read the whole folder to have it checked.',
  ),
  'reference-cycle': error(
    'Resources wait for each other in a circle, by `dependsOn`, `fallback` or both.',
    'Remove one of the links that are listed.',
  ),
  'fallback-depends-on-primary': error(
    'A fallback depends on the resource that it stands in for, so it could never take over.',
    'Remove the dependency.',
  ),
  'fallback-kind': error(
    'A resource of this kind cannot stand in for another.',
    'Name a Process or a Workflow.',
  ),
  'literal-secret': warning(
    'A value that looks like a token, a key or a password stands in the manifest itself.',
    'Replace it by a reference (`fromEnv`, `fromFile`, `fromCommand`), and revoke it if it was committed.',
  ),
  'reference-outside-root': error(
    'A `fromFile` leads out of the fleet root.',
    'Move the file inside, or allow its folder in the Fleet and by `--allow-path`.',
  ),
  'path-outside-root': error(
    'A file or folder that is read into an action lies outside the fleet root once links are resolved.',
    'Move it inside, or allow its folder in the Fleet and by `--allow-path`.',
  ),

  // Fleet
  'github-credential-twice': error(
    'The Fleet names a token and an App for GitHub, and only one can be shown to him.',
    'Remove `token` or `app`.',
  ),
  'git-source': error(
    'What `spec.git` of the Fleet names cannot be followed: an address of a kind that is not used or that holds a password, or a name that is no branch or no folder of a repository.',
    'Correct it; a token goes into `token`, as a reference.',
  ),
  'host-not-allowed': error(
    'An `apiUrl`, a Receiver or, with a token, `spec.git` names a host that was not allowed: a manifest alone must not decide where a token is sent, nor that something is sent unencrypted or into a private network.',
    'Allow it by `--allow-host` or RECONCILE_ALLOW_HOST, or give the address by a variable of the environment.',
  ),
  'path-not-allowed': error(
    'An `allowedPaths` entry was not allowed: a manifest alone must not decide what is read.',
    'Allow it by `--allow-path`.',
  ),

  // Alerts
  'alert-placeholder': error(
    'A `title` or a `text` names a placeholder that does not exist.',
    'Correct it; the known ones are listed.',
  ),
  'alert-selects-nothing': warning(
    'An Alert tells only of what concerns the whole fleet, and selects resources at the same time.',
    'Remove `kinds` and `labels`, or tell of something that resources have.',
  ),
  'receiver-block-count': error(
    'A Receiver has no block, or several.',
    'Give exactly one of webhook, slack, discord, ntfy, pagerduty, alertmanager and email.',
  ),
  'receiver-default': error(
    'A reference in a Receiver has a `default`, which would be a secret or an address in the manifest itself.',
    'Remove `default`.',
  ),
  'receiver-credentials': error(
    'A Receiver has a user name without a password, or a password without a user name.',
    'Give both, or none.',
  ),

  // Policies
  'policy-rule': error(
    'The rule of a Policy is no CEL, names what does not exist, or is neither true nor false.',
    'Correct it at the place that is named.',
  ),
  'policy-environment': error(
    'A Policy names an environment that does not exist, and would never be in force there.',
    'Correct the name.',
  ),
  'policy-denied': error(
    'A resource breaks the rule of a Policy with `severity: deny`. Its last good version goes on.',
    'Change the resource as the message says; the hint names the place of the rule.',
  ),
  'policy-warned': warning(
    'A resource breaks the rule of a Policy with `severity: warn`.',
    'Change the resource as the message says; the hint names the place of the rule.',
  ),
  'policy-not-evaluated': error(
    'The rule of a Policy with `severity: deny` gives no answer for a resource, which counts as broken.',
    'Mend the rule at the place that the hint names: most often a field is missing, and `has(...)` asks for it.',
  ),
  'policy-warning-not-evaluated': warning(
    'The rule of a Policy with `severity: warn` gives no answer for a resource.',
    'Mend the rule at the place that the hint names: most often a field is missing, and `has(...)` asks for it.',
  ),

  // Environments
  'unknown-environment': error('There is no environment of that name.', 'Choose one that exists.'),
  'stray-environment': error(
    'A file lies in `environments/` itself, where it belongs to no environment.',
    'Move it into the folder of an environment.',
  ),
  'environment-file': error(
    'A file of an environment was named with `-f`; alone it means nothing.',
    'Name the manifests folder, and the environment with `--env`.',
  ),
  'patch-without-base': error(
    'An environment patches or deletes a resource that the base does not have, or adds one that is not complete.',
    'Correct the name, or write the whole document.',
  ),
  'duplicate-patch': error(
    'An environment patches one resource in two documents.',
    'Join them in one document.',
  ),

  // Imports
  'import-file-exists': error(
    'A manifest was not written, because its file exists and says something else.',
    'Compare the two; `--force` replaces the file unless it declares something else, too, `--out` writes elsewhere.',
  ),
  'import-file-unwritable': error('A manifest could not be written.', 'Allow the user to write there.'),
  'import-secret-referenced': warning(
    'A value that looks like a secret became a reference to a variable; the value itself is written nowhere.',
    'Set the variable where reconcile runs, or change the reference.',
  ),
  'import-secret-left-out': warning(
    'A field that holds what looks like a secret, and that takes no reference, was left out and is not managed.',
    'Hand the secret over by `env`, and declare the field without it.',
  ),
} as const satisfies Record<string, CatalogueEntry>)

export type DiagnosticCode = keyof typeof diagnosticCatalogue
