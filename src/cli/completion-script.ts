/**
 * Shell scripts that complete this program's commands and options, made from the program itself: a new command is
 * completed without a word here. Files are offered wherever no word fits.
 */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Place {
  /** The words that lead here: '' or `sops`, `config import`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly text: string }[];
  readonly options: readonly { readonly name: string; readonly text: string }[];
}

/** The script for a shell. */
export function toScript(shell: Shell, program: Command): string {
  const places = toPlaces(program, '');
  if (shell === 'fish') return toFish(places);
  return shell === 'zsh' ? toZsh(places) : toBash(places);
}

function toPlaces(command: Command, path: string): Place[] {
  const inner = command.commands.filter((one) => one.name() !== 'help');
  return [
    {
      path,
      commands: inner.map((one) => ({ name: one.name(), text: toShort(one.summary() || one.description()) })),
      options: [...command.options, { long: '--help', description: 'explain a command' }].flatMap(
        ({ long, description }) => (long ? [{ name: long, text: toShort(description) }] : []),
      ),
    },
    ...inner.flatMap((one) => toPlaces(one, `${path} ${one.name()}`.trim())),
  ];
}

/** The first sentence, without what a shell's quotes would stumble over. */
function toShort(text: string): string {
  return (text.split(/[.;]\s/, 1)[0] ?? '').replaceAll(/['"`$\\:[\]]/g, '').slice(0, 60);
}

/** How deep one is: words that are commands, whatever stands between them. */
function toWalk(places: readonly Place[], words: string): string {
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  return `  local place="" word
  for word in ${words}; do
    case "\${place:+$place }$word" in
      ${paths.join('|')}) place="\${place:+$place }$word" ;;
    esac
  done`;
}

function toBash(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, commands, options }) =>
      `    "${path}") words="${[...commands, ...options].map(({ name }) => name).join(' ')}" ;;`,
  );
  return `# Completion of drey for bash: source <(drey completion bash)
_drey() {
${toWalk(places, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  local words=""
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _drey drey
`;
}

function toZsh(places: readonly Place[]): string {
  const cases = places.map(({ path, commands, options }) => {
    const list = [...commands, ...options].map(({ name, text }) => `'${name}:${text}'`).join(' ');
    return `    "${path}") offered=(${list}) ;;`;
  });
  return `#compdef drey
# Completion of drey for zsh: source <(drey completion zsh)
_drey() {
${toWalk(places, '"${words[@]:1:CURRENT-2}"')}
  local -a offered
  case "$place" in
${cases.join('\n')}
  esac
  _describe drey offered || _files
}
if [[ "$funcstack[1]" == _drey ]]; then _drey "$@"; else compdef _drey drey; fi
`;
}

function toFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const isHere = `__drey_place '${path}'`;
    return [
      ...commands.map(({ name, text }) => `complete -c drey -n "${isHere}" -a ${name} -d '${text}'`),
      ...options.map(({ name, text }) => `complete -c drey -n "${isHere}" -l ${name.slice(2)} -d '${text}'`),
    ];
  });
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of drey for fish: drey completion fish | source
function __drey_place
  set -l place ''
  for word in (commandline -opc)[2..]
    set -l further (string trim "$place $word")
    if contains -- $further ${paths.join(' ')}
      set place $further
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join('\n')}
`;
}
