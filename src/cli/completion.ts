/** Completion scripts for shells, made from the commands themselves. */
interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly { readonly flag: string; readonly description: string }[];
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

function bash(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(
    ({ name, options }) => `    ${name}) words="${options.map(({ flag }) => flag).join(" ")}" ;;`,
  );
  return `# longshore completion for bash: source <(longshore completion bash)
_longshore() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words --help" -- "$current")) ;;
    *) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -F _longshore longshore
`;
}

const quoted = (text: string): string =>
  text.replaceAll("'", "").replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", " ");

function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, description }) => `    '${name}:${quoted(description)}'`);
  const cases = commands.map(({ name, options }) => {
    const flags = options.map(({ flag, description }) => `'${flag}[${quoted(description)}]'`);
    return `    ${name}) _arguments ${[...flags, "'--help[show help]'", "'*:file:_files'"].join(" ")} ;;`;
  });
  return `#compdef longshore
# longshore completion for zsh: longshore completion zsh > "\${fpath[1]}/_longshore"
_longshore() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _longshore longshore
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, description, options }) => [
    `complete -c longshore -n __fish_use_subcommand -f -a ${name} -d '${quoted(description)}'`,
    ...options.map(
      ({ flag, description: about }) =>
        `complete -c longshore -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/, "")} -d '${quoted(about)}'`,
    ),
  ]);
  return `# longshore completion for fish: longshore completion fish | source\n${lines.join("\n")}\n`;
}
