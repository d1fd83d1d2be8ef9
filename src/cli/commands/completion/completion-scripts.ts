/** Completion scripts for shells, made from the declared commands. */
import { type CommandWords, flatten, type OptionWords, type ProgramWords } from './completion-words.js';

/** Words that may follow a command. */
function wordsAfter({ subcommands, options, values }: CommandWords): string[] {
  return [...subcommands.map(lastWord), ...values, ...options.map(({ long }) => long)];
}

function lastWord({ path }: CommandWords): string {
  return path.slice(path.lastIndexOf(' ') + 1);
}

function optionsWithValues({ options, commands }: ProgramWords) {
  return [{ path: '', options }, ...flatten(commands)].flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map((option) => ({ path, option })),
  );
}

// ---- bash -----------------------------------------------------------------------------------------------------

export function bashScript(program: ProgramWords): string {
  const { name, options, commands } = program;
  const words = flatten(commands).map(
    (command) => `    ${quoted(command.path)}) words=${quoted(wordsAfter(command).join(' '))} ;;`,
  );
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${bashPaths(commands)}
    esac
  done
  case "$path $previous" in
${bashValues(program)}
  esac
  case "$path" in
    '') words=${quoted([...commands.map(lastWord), ...options.map(({ long }) => long)].join(' '))} ;;
${words.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _${name} ${name}
`;
}

function bashPaths(commands: readonly CommandWords[]): string {
  return flatten(commands)
    .map(({ path }) => {
      const from = path.includes(' ') ? path : ` ${path}`;
      return `      ${quoted(from)}) path=${quoted(path)} ;;`;
    })
    .join('\n');
}

function bashValues(program: ProgramWords): string {
  return optionsWithValues(program)
    .map(({ path, option }) => `    ${quoted(`${path} ${option.long}`)}) ${bashValue(option)}; return ;;`)
    .join('\n');
}

function bashValue({ values, takesPath }: OptionWords): string {
  if (takesPath) return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")';
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(values.join(' '))} -- "$current")`;
}

// ---- zsh ------------------------------------------------------------------------------------------------------

export function zshScript({ name, options, commands }: ProgramWords): string {
  const cases = flatten(commands).map(({ path, subcommands, options, values }) => {
    const first = [...subcommands.map(lastWord), ...values].join(' ');
    const specs = options.map((option) => `      ${zshOption(option)}`);
    specs.push(`      ${quoted(`*:argument:${first === '' ? ' ' : `(${first})`}`)}`);
    return `    ${quoted(path)})\n      _arguments -s \\\n  ${specs.join(' \\\n  ')}\n      ;;`;
  });
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)
_${name}() {
  local cmdpath='' word
  local -a commands
  commands=(
${commands.map((command) => `    ${quoted(`${command.path}:${command.description.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$cmdpath $word" in
${zshPaths(commands)}
    esac
  done
  case "$cmdpath" in
    '')
      _describe command commands
      _arguments -s \\
  ${options.map((option) => `      ${zshOption(option)}`).join(' \\\n  ')}
      ;;
${cases.join('\n')}
  esac
}
# Installed in a directory of fpath, this file is the body of the function at its first call.
if [[ "\${funcstack[1]}" == _${name} ]]; then
  _${name} "$@"
elif (( $+functions[compdef] )); then
  compdef _${name} ${name}
fi
`;
}

/** In zsh `path` is tied to PATH. */
function zshPaths(commands: readonly CommandWords[]): string {
  return bashPaths(commands).replaceAll(' path=', ' cmdpath=');
}

function zshOption({ long, description, values, takesValue, takesPath }: OptionWords): string {
  const text = description.replace(/[[\]:]/g, ' ');
  if (!takesValue) return quoted(`${long}[${text}]`);
  const list = takesPath ? '_files' : values.length > 0 ? `(${values.join(' ')})` : ' ';
  return quoted(`${long}[${text}]:value:${list}`);
}

// ---- fish -----------------------------------------------------------------------------------------------------

export function fishScript({ name, options, commands }: ProgramWords): string {
  const first = `complete -c ${name} -n __fish_use_subcommand`;
  const ahead = options.map((option) => `${first} ${fishOption(option)} -d ${quoted(option.description)}`);
  const lines = commands.flatMap((command) => [
    `complete -c ${name} -f -n __fish_use_subcommand -a ${quoted(command.path)} -d ${quoted(command.description)}`,
    ...fishCommand(name, command),
  ]);
  return `# Completion of ${name} for fish: ${name} completion fish | source\n${[...ahead, ...lines].join('\n')}\n`;
}

function fishCommand(name: string, command: CommandWords): string[] {
  const seen = `complete -c ${name} -n '__fish_seen_subcommand_from ${lastWord(command)}'`;
  const names = [...command.subcommands.map(lastWord), ...command.values];
  const first = names.length > 0 ? [`${seen} -f -a ${quoted(names.join(' '))}`] : [];
  const options = command.options.map(
    (option) => `${seen} ${fishOption(option)} -d ${quoted(option.description)}`,
  );
  return [...first, ...options, ...command.subcommands.flatMap((each) => fishCommand(name, each))];
}

function fishOption({ long, values, takesValue, takesPath }: OptionWords): string {
  const option = `-l ${long.slice(2)}`;
  if (!takesValue) return option;
  if (takesPath) return `${option} -r`;
  return values.length > 0 ? `${option} -x -a ${quoted(values.join(' '))}` : `${option} -x`;
}

/** One word for a shell. No text of ours has a backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
