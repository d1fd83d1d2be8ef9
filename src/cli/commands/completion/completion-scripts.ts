/** Completion scripts for shells, made from the declared commands. */
import { type CommandWords, flatten, type OptionWords, type ProgramWords } from './completion-words.js';
import { asksForDevices, takesDevice } from './device-words.js';

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
${bashDevices(name)}_${name}() {
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
  case "$path" in
    ${flatten(commands)
      .filter(({ path }) => asksForDevices(path))
      .map(({ path }) => path)
      .join('|')}) _${name}_devices ;;
  esac
}
complete -F _${name} ${name}
`;
}

/**
 * Words from the gateway. bash splits at = and :, so that words are joined again, and only the part after them is
 * completed.
 */
function bashDevices(name: string): string {
  return `_${name}_devices() {
  local word joined='' typed=() cut
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#typed[@]} -gt 0 && ( -n "$joined" || "$word" == [=:]* ) ]]; then typed[-1]+="$word"; else typed+=("$word"); fi
    if [[ "$word" == *[=:] ]]; then joined=yes; else joined=''; fi
  done
  cut="\${typed[-1]%"\${typed[-1]##*[=:]}"}"
  while IFS= read -r word; do COMPREPLY+=("\${word#"$cut"}"); done < <("\${COMP_WORDS[0]}" complete -- "\${typed[@]}" 2>/dev/null)
  if [[ "\${COMPREPLY[*]}" == *= ]]; then compopt -o nospace 2>/dev/null; fi
  return 0
}
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
    .map(({ path, option }) => {
      const value = takesDevice(option.long, path) ? `_${program.name}_devices` : bashValue(option);
      return `    ${quoted(`${path} ${option.long}`)}) ${value}; return ;;`;
    })
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
    const specs = options.map((option) => `      ${zshOption(option, takesDevice(option.long, path))}`);
    const action = asksForDevices(path) ? '_meshgate_devices' : first === '' ? ' ' : `(${first})`;
    specs.push(`      ${quoted(`*:argument:${action}`)}`);
    return `    ${quoted(path)})\n      _arguments -s \\\n  ${specs.join(' \\\n  ')}\n      ;;`;
  });
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)
_${name}_devices() {
  local -a found
  found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -S '' -- \${(M)found:#*=}
  compadd -- \${found:#*=}
}
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

function zshOption(
  { long, description, values, takesValue, takesPath }: OptionWords,
  isDevice = false,
): string {
  const text = description.replace(/[[\]:]/g, ' ');
  if (!takesValue) return quoted(`${long}[${text}]`);
  const list = isDevice
    ? '_meshgate_devices'
    : takesPath
      ? '_files'
      : values.length > 0
        ? `(${values.join(' ')})`
        : ' ';
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
  const options = command.options.map((option) => {
    const device = takesDevice(option.long, command.path) ? ` -a ${fishDevices(name)}` : '';
    return `${seen} ${fishOption(option)}${device} -d ${quoted(option.description)}`;
  });
  const devices = asksForDevices(command.path) ? [`${seen} -f -a ${fishDevices(name)}`] : [];
  return [
    ...first,
    ...devices,
    ...options,
    ...command.subcommands.flatMap((each) => fishCommand(name, each)),
  ];
}

/** fish runs it at each completion. */
function fishDevices(name: string): string {
  return quoted(`(${name} complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)`);
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
