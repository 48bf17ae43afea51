/** A server's entry as it may be shown: what could be a secret is hidden, variables and names stay readable. */
import { createRedactor, isSecretName } from '../../access/access.ts';
import type { ServerEntry } from '../../clients/clients.ts';

const hidden = '[redacted]';
/** Tokens are never compared, so any key will do. */
const redactor = createRedactor({ key: 'shown' });

/** The entry with every value hidden that may be a secret. */
export function toShownEntry(entry: ServerEntry): ServerEntry {
  const { command, args, env, headers, url, ...rest } = entry;
  return {
    ...rest,
    ...(command === undefined ? {} : { command: redactor.redactText(command) }),
    ...(args === undefined ? {} : { args: toShownArgs(args) }),
    ...(env === undefined ? {} : { env: toShownValues(env) }),
    ...(url === undefined ? {} : { url: toShownUrl(url) }),
    ...(headers === undefined ? {} : { headers: toShownValues(headers) }),
  };
}

/** One line that says what an entry starts or calls; of its environment and headers only the names. */
export function toShownLine(entry: ServerEntry): string {
  const { command, args, url, env, headers, disabled } = toShownEntry(entry);
  const target = url ?? [command ?? '', ...(args ?? [])].map(toWord).join(' ');
  const extras = [
    ...(env === undefined ? [] : [`env ${Object.keys(env).join(', ')}`]),
    ...(headers === undefined ? [] : [`headers ${Object.keys(headers).join(', ')}`]),
    ...(disabled === true ? ['disabled'] : []),
  ];
  return extras.length === 0 ? target : `${target}  (${extras.join('; ')})`;
}

/** An address without its password and without secrets in its query. */
export function toShownUrl(url: string): string {
  const plain = url
    .replace(/^([a-z+.-]+:\/\/)([^/?#@]*)@/i, `$1${hidden}@`)
    .replaceAll(/([?&])([^=&#]+)=([^&#]*)/g, (whole, mark: string, name: string, value: string) =>
      isSecretName(name) && !isVariable(value) ? `${mark}${name}=${hidden}` : whole,
    );
  return redactor.redactText(plain);
}

/** `--token abc` and `--token=abc`, besides what looks like a secret by itself. */
function toShownArgs(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const [, flag = '', value] = /^--?([A-Za-z][\w.-]*)=(.*)$/s.exec(arg) ?? [];
    if (value !== undefined && isSecretName(flag) && !isVariable(value)) {
      return `${arg.slice(0, arg.length - value.length)}${hidden}`;
    }
    const before = /^--?([A-Za-z][\w.-]*)$/.exec(args[index - 1] ?? '')?.[1];
    if (before !== undefined && isSecretName(before) && !arg.startsWith('-') && !isVariable(arg))
      return hidden;
    return arg.includes('://') ? toShownUrl(arg) : redactor.redactText(arg);
  });
}

function toShownValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isVariable(value) ? value : hidden]),
  );
}

/** Nothing but variables, with the word that goes before a key. */
function isVariable(value: string): boolean {
  return /^(?:(?:bearer|basic|token)\s+)?(?:\$\{(?:env:)?\w+(?::-)?\})+$/i.test(value);
}

function toWord(word: string): string {
  return /^[^\s"'\\]+$/.test(word) ? word : JSON.stringify(word);
}
