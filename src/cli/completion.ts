/** Completion scripts for shells, made from the commands themselves. */
export interface CompletedCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  /** What the next word may be, as in `get exports`. */
  readonly commands: readonly CompletedCommand[];
}

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return zsh(commands);
    case "fish":
      return fish(commands);
  }
}

const namesOf = (commands: readonly CompletedCommand[]): string => commands.map(({ name }) => name).join(" ");
const flagsOf = ({ options }: CompletedCommand): string => options.map(({ flag }) => flag).join(" ");
/** As a shell's pattern. */
const anyOf = ({ name, aliases }: CompletedCommand): string => [name, ...aliases].join("|");

function bash(commands: readonly CompletedCommand[]): string {
  return `# longshore completion for bash: source <(longshore completion bash)
_longshore() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${namesOf(commands)} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.map(bashCase).join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words --help" -- "$current")) ;;
    *) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -F _longshore longshore
`;
}

function bashCase(command: CompletedCommand): string {
  const { commands } = command;
  if (commands.length === 0) return `    ${anyOf(command)}) words="${flagsOf(command)}" ;;`;
  const kinds = commands.map((kind) => `        ${anyOf(kind)}) words="${flagsOf(kind)}" ;;`);
  return `    ${anyOf(command)})
      if [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "${[namesOf(commands), flagsOf(command), "--help"].filter((part) => part !== "").join(" ")}" -- "$current"))
        return
      fi
      case "\${COMP_WORDS[2]}" in
${kinds.join("\n")}
        *) words="${flagsOf(command)}" ;;
      esac ;;`;
}

const quoted = (text: string): string =>
  text.replaceAll("'", "").replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", " ");

const zshNames = (commands: readonly CompletedCommand[]): string =>
  commands.map(({ name, description }) => `    '${name}:${quoted(description)}'`).join("\n");

const zshArguments = ({ options }: CompletedCommand): string =>
  [
    ...options.map(({ flag, description }) => `'${flag}[${quoted(description)}]'`),
    "'--help[show help]'",
    "'*:file:_files'",
  ].join(" ");

function zsh(commands: readonly CompletedCommand[]): string {
  return `#compdef longshore
# longshore completion for zsh: longshore completion zsh > "\${fpath[1]}/_longshore"
_longshore() {
  local -a commands kinds
  commands=(
${zshNames(commands)}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${commands.map(zshCase).join("\n")}
  esac
}
compdef _longshore longshore
`;
}

function zshCase(command: CompletedCommand): string {
  const { commands } = command;
  if (commands.length === 0) return `    ${anyOf(command)}) _arguments ${zshArguments(command)} ;;`;
  const kinds = commands.map((kind) => `        ${anyOf(kind)}) _arguments ${zshArguments(kind)} ;;`);
  return `    ${anyOf(command)})
      kinds=(
${zshNames(commands)}
      )
      if (( CURRENT == 2 )) && [[ "\${words[2]}" != -* ]]; then
        _describe 'kind' kinds
        return
      fi
      command="\${words[2]}"
      case "$command" in
        -*) _arguments ${zshArguments(command)}; return ;;
      esac
      shift words
      (( CURRENT-- ))
      case "$command" in
${kinds.join("\n")}
      esac ;;`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const { name, description, commands: kinds } = command;
    const seen = `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c longshore -n __fish_use_subcommand -f -a ${name} -d '${quoted(description)}'`,
      ...fishOptions(command, seen),
      ...kinds.flatMap((kind) => [
        `complete -c longshore -n '${seen}; and not __fish_seen_subcommand_from ${everyName(kinds)}' -f -a ${kind.name} -d '${quoted(kind.description)}'`,
        ...fishOptions(kind, `${seen}; and __fish_seen_subcommand_from ${everyName([kind])}`),
      ]),
    ];
  });
  return `# longshore completion for fish: longshore completion fish | source\n${lines.join("\n")}\n`;
}

const everyName = (commands: readonly CompletedCommand[]): string =>
  commands.flatMap(({ name, aliases }) => [name, ...aliases]).join(" ");

const fishOptions = ({ options }: CompletedCommand, condition: string): string[] =>
  options.map(
    ({ flag, description }) =>
      `complete -c longshore -n '${condition}' -l ${flag.replace(/^--/, "")} -d '${quoted(description)}'`,
  );
