/** What login shells, terminals, ssh, sudo, npm and PM2 itself put into an environment: never the program's own. */
const sessionNames: ReadonlySet<string> = new Set([
  '_',
  'COLORTERM',
  'COLUMNS',
  'DBUS_SESSION_BUS_ADDRESS',
  'DEBIAN_FRONTEND',
  'DISPLAY',
  'EDITOR',
  'HISTCONTROL',
  'HISTSIZE',
  'HOME',
  'HOSTNAME',
  'INIT_CWD',
  'INVOCATION_ID',
  'JOURNAL_STREAM',
  'LANG',
  'LANGUAGE',
  'LESSCLOSE',
  'LESSOPEN',
  'LINES',
  'LOGNAME',
  'LS_COLORS',
  'MAIL',
  'MOTD_SHOWN',
  'NODE_APP_INSTANCE',
  'OLDPWD',
  'PAGER',
  'PATH',
  'PWD',
  'SHELL',
  'SHLVL',
  'SYSTEMD_EXEC_PID',
  'TERM',
  'TERM_PROGRAM',
  'TERM_PROGRAM_VERSION',
  'TMPDIR',
  'TMUX',
  'TMUX_PANE',
  'USER',
  'USERNAME',
  'VISUAL',
  'WINDOWID',
  'XAUTHORITY',
])

const sessionPrefixes =
  /^(?:BASH_FUNC_|LC_|PM2_|SSH_|SUDO_|VSCODE_|XDG_|GNOME_|npm_|NVM_|VOLTA_|FNM_|ASDF_|PYENV_|RBENV_|CONDA_)/

/** Whether a variable belongs to the session in which somebody typed a command, by its name. */
export function isSessionVariable(name: string): boolean {
  return sessionNames.has(name) || sessionPrefixes.test(name)
}
