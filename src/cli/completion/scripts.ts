/** The shells that can be taught. */
export const shells = ['bash', 'zsh', 'fish'] as const

/**
 * What a shell runs once. Each asks the program that is being completed, by whatever name it was typed; where that knows
 * nothing, names of files are completed as usual.
 */
export const scripts: Readonly<Record<string, string>> = Object.freeze({
  bash: `# reconcile: completion for bash
_reconcile() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" completion bash --at "$((COMP_CWORD - 1))" -- "\${COMP_WORDS[@]:1}" 2>/dev/null))
}
complete -o default -F _reconcile reconcile
`,
  zsh: `#compdef reconcile
# reconcile: completion for zsh
_reconcile() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" completion zsh --at "$((CURRENT - 2))" -- "\${(@)words[2,-1]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -a candidates; else _files; fi
}
if [[ "\${funcstack[1]}" == _reconcile ]]; then _reconcile "$@"; else compdef _reconcile reconcile; fi
`,
  fish: `# reconcile: completion for fish
function __reconcile_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] completion fish --at (math (count $words) - 2) -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c reconcile -f -a '(__reconcile_candidates)'
`,
})
