/**
 * The walls through which everything leaves this process redacted: events on their way into the log, rows on their way
 * into the database, lines of the log, spans of traces. Rooms redact what they know to be text of others; what they
 * forget is caught here. What a client asked for itself goes back to it untouched, and never passes here.
 */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DreyError } from '../../machines/words/errors.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import type { Span, SpanFacts, SpanStart, Tracer } from '../../machines/words/traces.ts';
import { createRedactor, isPlainId, isRecorded } from '../access/access.ts';
import type { Redaction, Redactor } from '../access/access.ts';
import type { NodeConfig } from './config/config.ts';

const keyBytes = 32;
const keyVariable = 'DREY_REDACTION_KEY';
const keyCharactersMin = 16;

/** Rules of the configuration and the key: what another process of ours needs to redact alike. */
export interface RedactionSettings {
  readonly key: string;
  readonly names: readonly string[];
  readonly patterns: readonly { readonly kind: string; readonly pattern: string }[];
  readonly keep: readonly string[];
  readonly personal: boolean;
}

/** The redaction of a node: rules of its configuration, key of its data folder or of the environment. */
export async function readRedaction(
  config: Pick<NodeConfig, 'dataFolder' | 'redactKeys' | 'redaction'>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RedactionSettings> {
  const key = readNamedKey(env) ?? (await readOrMakeKey(config.dataFolder));
  const { names, contexts: _contexts, ...rules } = config.redaction;
  return { ...rules, names: [...config.redactKeys, ...names], key };
}

/** Nodes that share a database are given the same key, so that equal values are equal for all of them. */
function readNamedKey(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const key = env[keyVariable];
  if (key === undefined || key === '') return undefined;
  if (key.length >= keyCharactersMin) return key;
  throw new DreyError(
    'config_invalid',
    `${keyVariable} has ${key.length} characters; it must have at least ${keyCharactersMin}`,
  );
}

async function readOrMakeKey(dataFolder: string): Promise<string> {
  const file = join(dataFolder, 'redaction-key');
  try {
    const key = (await readFile(file, 'utf8')).trim();
    await chmod(file, 0o600);
    if (key.length >= keyCharactersMin) return key;
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      const sentence = `The key file ${file} cannot be read; check its owner and permissions.`;
      throw new DreyError('data_folder_unusable', sentence, { cause });
    }
  }
  const key = randomBytes(keyBytes).toString('base64url');
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return key;
}

/** A copy of an event in which nothing is left that must not be told; recorded arguments and results are it already. */
export function sealEvent(redaction: Redaction, event: DreyEvent): DreyEvent {
  const redactor = redaction.in(event.namespace);
  const data = Object.fromEntries(
    Object.entries(event.data).map(([name, value]) => [
      name,
      isRecorded(value) ? value : redactMember(redactor, name, value),
    ]),
  );
  return { ...event, data };
}

/** By its name as well: a lone value would not say what it is. */
function redactMember(redactor: Redactor, name: string, value: unknown): unknown {
  if (typeof value === 'object') return redactNamed(redactor, name, value);
  if (typeof value !== 'string' || isPlainId(value) || timestamp.test(value)) return value;
  return value.length > plainCharactersMax
    ? redactNamed(redactor, name, value)
    : redactPlain(redactor, name, value);
}

function redactNamed(redactor: Redactor, name: string, value: unknown): unknown {
  return (redactor.redact({ [name]: value }) as Readonly<Record<string, unknown>>)[name];
}

/** As our own clock writes it. */
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Names of tools, servers and states come again with every call: what is left of them is remembered. */
const plainCharactersMax = 100;
const plainMax = 2_000;
const plain = new WeakMap<Redactor, Map<string, unknown>>();

function redactPlain(redactor: Redactor, name: string, value: string): unknown {
  let known = plain.get(redactor);
  if (known === undefined) plain.set(redactor, (known = new Map()));
  const key = `${name} ${value}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= plainMax) known.clear();
  const shown = redactNamed(redactor, name, value);
  known.set(key, shown);
  return shown;
}

/** For the store: what may be written down in a namespace. */
export function createHide(redaction: Redaction): <T>(namespace: string, value: T) => T {
  return (namespace, value) => redaction.in(namespace).redact(value) as typeof value;
}

/** A tracer whose spans say nothing that must not be told. */
export function sealTracer(tracer: Tracer, redactor: Redactor): Tracer {
  const show = (facts: SpanFacts): SpanFacts => redactor.redact(facts) as SpanFacts;
  const wrap = (span: Span): Span => ({
    get traceparent() {
      return span.traceparent;
    },
    set: (facts) => span.set(show(facts)),
    note: (what, facts = {}) => span.note(redactor.redactText(what), show(facts)),
    child: (name, start = {}) => wrap(span.child(redactor.redactText(name), sealStart(start))),
    end: (failure) => span.end(failure),
  });
  const sealStart = <S extends SpanStart>(start: S): S =>
    start.facts === undefined ? start : { ...start, facts: show(start.facts) };
  return { start: (name, start = {}) => wrap(tracer.start(redactor.redactText(name), sealStart(start))) };
}

/** For lines of the log: a key of this process alone, since nobody compares them with anything. */
export function createLineFilter(): (line: string) => string {
  const redactor = createRedactor({ key: randomBytes(keyBytes) });
  return (line) => {
    if (redactor.isHarmless(line)) return line;
    try {
      return `${JSON.stringify(redactor.redact(JSON.parse(line)))}\n`;
    } catch {
      return redactor.redactText(line);
    }
  };
}
