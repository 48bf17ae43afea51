/**
 * The configuration as a node would use it, value by value with where each one comes from, and what would keep it from
 * working. Nothing is started for it; secrets are the reader's to hide.
 */
import { readFileSync } from 'node:fs';
import { isDreyError } from '../../../machines/words/errors.ts';
import { resolveUpstreamConfig } from '../../upstream/upstream.ts';
import type { UpstreamConfig } from '../../upstream/upstream.ts';
import { readConfig } from './config.ts';
import type { ConfigSources } from './config.ts';

export interface ExplainedValue {
  /** Nested keys are joined by a dot. */
  readonly key: string;
  readonly value: unknown;
  /** A flag, a variable, the file, or `default`. */
  readonly from: string;
}

export interface ExplainedConfig {
  readonly file: string | undefined;
  readonly values: readonly ExplainedValue[];
  readonly mcpServers: Readonly<Record<string, UpstreamConfig>>;
  /** Sentences: what is missing. Empty when nothing is. */
  readonly problems: readonly string[];
}

/** The variable that comes before the file, by key. */
const variables: Readonly<Record<string, string>> = {
  host: 'DREY_HOST',
  port: 'DREY_PORT',
  dataFolder: 'DREY_DATA',
  natsUrl: 'DREY_NATS_URL',
  databaseUrl: 'DATABASE_URL',
  'limits.profile': 'DREY_LIMITS',
};
/** The flag that comes before both. */
const flagNames: Readonly<Record<string, string>> = { dataFolder: 'data' };
/** What is no setting of the file: how one node is started. */
const notShown = new Set(['file', 'mcpServers', 'role', 'stopWhenIdleSeconds', 'verbose']);

/** Reads and explains it; throws what reading it throws. */
export function explainConfig(sources: ConfigSources): ExplainedConfig {
  const config = readConfig(sources);
  const { file, mcpServers } = config;
  const written = file === undefined ? {} : readMembers(file);
  const values = Object.entries(config)
    .filter(([key]) => !notShown.has(key))
    .flatMap(([key, value]) => explain(key, value, written, sources));
  return { file, values, mcpServers, problems: findProblems(mcpServers, sources) };
}

function explain(
  key: string,
  value: unknown,
  written: Readonly<Record<string, unknown>>,
  { env, flags }: ConfigSources,
): ExplainedValue[] {
  if (isMembers(value)) {
    const inner = isMembers(written[key]) ? written[key] : {};
    return Object.entries(value).map(([name, held]) => {
      const variable = variables[`${key}.${name}`];
      const from = Object.hasOwn(inner, name) ? 'file' : 'default';
      const isSet = variable !== undefined && Boolean(env[variable]);
      return { key: `${key}.${name}`, value: held, from: isSet ? variable : from };
    });
  }
  const flag = flagNames[key] ?? key;
  const variable = variables[key];
  if (Object.entries(flags).some(([name, given]) => name === flag && given !== undefined)) {
    return [{ key, value, from: `--${flag}` }];
  }
  if (variable !== undefined && env[variable]) return [{ key, value, from: variable }];
  return [{ key, value: value ?? null, from: Object.hasOwn(written, key) ? 'file' : 'default' }];
}

function findProblems(servers: Readonly<Record<string, UpstreamConfig>>, { env }: ConfigSources): string[] {
  return Object.entries(servers).flatMap(([alias, server]) => {
    if (server.disabled === true) return [];
    try {
      resolveUpstreamConfig(alias, server, env);
      return [];
    } catch (error) {
      return [isDreyError(error) ? error.message : String(error)];
    }
  });
}

/** It was read and understood a moment ago. */
function readMembers(file: string): Readonly<Record<string, unknown>> {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  return isMembers(content) ? content : {};
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
