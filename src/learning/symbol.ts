/**
 * First step: a call becomes a symbol, the letter of which procedures are words. A symbol names the tool as it was
 * called; for shell-like tools also program and sub-command, because there the tool's name says nothing.
 */
import type { EpisodeCall } from '../../machines/words/episodes.ts';

/** What one call is, without its values. */
export interface CallSymbol {
  /** Equal for calls that do the same kind of thing. */
  readonly id: string;
  /** The tool as it was called. */
  readonly tool: string;
  /** Program and sub-command of a shell-like tool; '' otherwise. */
  readonly program: string;
  /** The argument's keys, sorted: the call's shape. */
  readonly keys: readonly string[];
}

const shellNames = /(^|[._-])(bash|shell|sh|zsh|exec|terminal|powershell|cmd|command)([._-]|$)/i;
const shellKeys = ['command', 'cmd', 'script', 'commandLine', 'command_line', 'input'];
const wrappers = new Set(['sudo', 'env', 'time', 'nohup', 'exec', 'command', 'nice', 'xargs', 'then', 'do']);
/** Programs whose first word is a command of its own. */
const families = new Set(
  (
    'apt apt-get aws az brew bun cargo deno docker docker-compose dotnet flutter gcloud gh git go gradle helm kubectl ' +
    'make mvn nats npm npx pip pip3 pnpm podman poetry rails rustup systemctl terraform uv yarn'
  ).split(' '),
);
const plainWord = /^[a-z][a-z0-9:_-]{0,30}$/;

/** The symbol of a call. */
export function toSymbol(call: Pick<EpisodeCall, 'name' | 'tool' | 'args'>): CallSymbol {
  const tool = call.name === '' ? call.tool : call.name;
  const args = call.args;
  const keys = isPlainObject(args) ? Object.keys(args).sort() : [];
  const command = shellNames.test(call.tool === '' ? tool : call.tool) ? toCommand(args) : '';
  const program = command === '' ? '' : toProgram(command);
  return { id: program === '' ? tool : `${tool} ${program}`, tool, program, keys };
}

function toCommand(args: unknown): string {
  if (typeof args === 'string') return args;
  if (!isPlainObject(args)) return '';
  for (const key of shellKeys) {
    const value = args[key];
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return toScript(value.filter((part) => typeof part === 'string'));
  }
  return '';
}

/** `["bash", "-lc", "git status"]` runs its last part; any other list is program and arguments. */
function toScript(parts: readonly string[]): string {
  const nested =
    parts.length > 2 && /(^|\/)(ba|z|da)?sh$/.test(parts[0] ?? '') && /^-l?c$/.test(parts[1] ?? '');
  return nested ? (parts[2] ?? '') : parts.join(' ');
}

/** Program and sub-command of a command line: `git commit`, `npm run test`, `python`; '' where there is none. */
export function toProgram(command: string): string {
  const words = toCommandWords(command);
  const program = words[0]?.split('/').at(-1) ?? '';
  if (!/^[A-Za-z][\w.+-]{0,30}$/.test(program)) return '';
  if (!families.has(program)) return program;
  const rest = words.slice(1);
  const verb = rest.find((word) => !word.startsWith('-'));
  if (verb === undefined || !plainWord.test(verb)) return program;
  const runsScript = verb === 'run' && /^(npm|pnpm|yarn|bun)$/.test(program);
  const script = runsScript ? rest.filter((word) => plainWord.test(word))[1] : undefined;
  return script === undefined ? `${program} ${verb}` : `${program} ${verb} ${script}`;
}

/** The words of the first command that does something, without what only wraps it. */
function toCommandWords(command: string): string[] {
  const parts = command
    .slice(0, 2_000)
    .split(/&&|\|\||[;|\n]/)
    .map((part) => part.trim().split(/\s+/).slice(0, 40))
    .filter((part) => part[0] !== '');
  const acting = parts.find((part) => !/^(cd|export|set|source|echo|#.*)$/.test(part[0] ?? ''));
  const words = [...(acting ?? parts[0] ?? [])];
  while (words.length > 0 && isWrapper(words[0] ?? '')) words.shift();
  if (/^g?timeout$/.test(words[0] ?? '')) words.splice(0, 2);
  return words;
}

const isWrapper = (word: string) => wrappers.has(word) || /^[A-Za-z_]\w*=/.test(word);

/** True for a JSON object that is neither null nor a list. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
