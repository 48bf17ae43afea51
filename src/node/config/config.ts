/**
 * The node's configuration: `drey.json` in the clients' own `mcpServers` format, environment and flags, parsed once.
 * An unknown key is an error that names it; nothing here starts or opens anything but the file itself.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { defaultDataFolder } from '../../../infra/servers/servers.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { Namespace, defaultNamespace } from '../../../machines/words/ids.ts';
import { RateProfile } from '../../../machines/words/rates.ts';
import { BreakerSettings, UpstreamConfig } from '../../upstream/upstream.ts';
import { EmbeddingsConfig } from './embeddings-config.ts';
import { isLoopback } from '../loopback.ts';
import { AuthConfig } from './auth-config.ts';
import { RedactionConfig } from './redaction-config.ts';
import { toolRuleShape, checkToolRules } from './tool-config.ts';

export const defaultPort = 7333;

const Alias = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/,
    'an alias has 1 to 40 letters, digits, _ or - and begins with a letter or digit',
  );

/** The file `drey.json`. */
export const ConfigFile = z
  .strictObject({
    $schema: z.string().optional(),
    mcpServers: z.record(Alias, UpstreamConfig).default({}),
    /** Where HTTP listens; loopback unless told otherwise. */
    host: z.string().min(1).max(255).default('127.0.0.1'),
    port: z.number().int().min(0).max(65_535).default(defaultPort),
    dataFolder: z.string().min(1).optional(),
    /** The namespace of callers who name none. */
    namespace: Namespace.default(defaultNamespace),
    /** When upstream tools get their alias as prefix. */
    prefix: z.enum(['always', 'conflict', 'never']).default('always'),
    /** Whether a tool counts as soon as it is seen, or once somebody has approved it. */
    trust: z.enum(['first-use', 'review']).default('first-use'),
    ...toolRuleShape,
    requireToken: z.boolean().default(false),
    /** Access tokens of an authorization server. */
    auth: AuthConfig.optional(),
    /** Further values of Host (`name` or `name:port`) and Origin, for a node behind a proxy. */
    allowedHosts: z.array(z.string().min(1).max(255)).max(100).default([]),
    allowedOrigins: z.array(z.string().min(1).max(255)).max(100).default([]),
    breaker: BreakerSettings.default({}),
    /** `power-safe` syncs the event log before a reply leaves. */
    durability: z.enum(['process-safe', 'power-safe']).default('process-safe'),
    learning: z
      .strictObject({
        enabled: z.boolean().default(true),
        /** Quiet time after which an open episode is learned from. */
        quietMs: z.number().int().min(100).max(600_000).default(5_000),
        /** Several principals write here: none of them can lift a SOP over the bar alone. */
        sharedNamespaces: z.array(Namespace).max(1_000).default([]),
        /** Puts the best of what is known for a session's task into `_meta` of its tool results. */
        autoInject: z.boolean().default(false),
        /** The share of tasks that are served nothing, so that `drey report` can say what serving is worth. */
        holdOut: z.number().min(0).max(1).default(0),
      })
      .prefault({}),
    limits: z
      .strictObject({
        /** How often writes, injections and feedback may be asked for; `development` on loopback unless stated. */
        profile: RateProfile.optional(),
      })
      .prefault({}),
    /** Further key names whose values are redacted. */
    redactKeys: z.array(z.string().min(1).max(100)).max(200).default([]),
    redaction: RedactionConfig.prefault({}),
    /** Who tells what memories mean. */
    embeddings: EmbeddingsConfig.optional(),
  })
  .superRefine(checkToolRules);
export type ConfigFile = z.infer<typeof ConfigFile>;

export interface NodeFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly role?: 'all' | 'gateway' | 'learner' | undefined;
  readonly requireToken?: boolean | undefined;
  readonly stopWhenIdleSeconds?: number | undefined;
  readonly verbose?: boolean | undefined;
}

export interface NodeConfig extends Omit<ConfigFile, 'dataFolder' | '$schema' | 'limits'> {
  readonly dataFolder: string;
  readonly role: 'all' | 'gateway' | 'learner';
  /** The rates that hold for as long as the node runs. */
  readonly limits: { readonly profile: RateProfile };
  /** The file it was read from; undefined when there is none. */
  readonly file: string | undefined;
  readonly natsUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly stopWhenIdleSeconds: number | undefined;
  /** Log everything. */
  readonly verbose: boolean;
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly flags: NodeFlags;
  readonly uid: number | undefined;
}

/** Finds, reads and checks the configuration; throws `config_invalid` or `file_unreadable`. */
export function readConfig(sources: ConfigSources): NodeConfig {
  const { env, flags } = sources;
  const file = findConfigFile(sources);
  const parsed = parseConfig(file === undefined ? {} : readJson(file), file ?? 'the built-in defaults');
  const { dataFolder, $schema: _schema, ...rest } = parsed;
  const host = flags.host || env['DREY_HOST'] || rest.host;
  return {
    ...rest,
    host,
    limits: { profile: toRateProfile(env['DREY_LIMITS'] || rest.limits.profile, host) },
    port: checkPort(flags.port) ?? readPort(env['DREY_PORT']) ?? rest.port,
    requireToken: flags.requireToken ?? rest.requireToken,
    dataFolder: findDataFolder(sources, file, dataFolder),
    role: flags.role ?? 'all',
    file,
    natsUrl: env['DREY_NATS_URL'] || undefined,
    databaseUrl: env['DATABASE_URL'] || undefined,
    stopWhenIdleSeconds: flags.stopWhenIdleSeconds,
    verbose: flags.verbose ?? false,
  };
}

/** Flag before environment before file (relative to where it lies) before the user's own place. */
function findDataFolder(
  { env, cwd, flags, uid }: ConfigSources,
  file: string | undefined,
  named: string | undefined,
): string {
  if (flags.data !== undefined) return resolve(cwd, flags.data);
  if (env['DREY_DATA']) return resolve(cwd, env['DREY_DATA']);
  if (named !== undefined && file !== undefined) return resolve(dirname(file), named);
  return defaultDataFolder(env, uid);
}

/** Checks what a configuration file holds; the sentence names every wrong key and where it stands. */
export function parseConfig(content: unknown, where: string): ConfigFile {
  const parsed = ConfigFile.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 5).map((issue) => {
    const path = issue.path.join('.') || 'the file';
    if (issue.code !== 'unrecognized_keys') return `${path}: ${issue.message}`;
    return `${path === 'the file' ? '' : `${path}: `}unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  });
  const known = Object.keys(ConfigFile.shape).filter((key) => key !== '$schema');
  // Of a key further down the fault itself says what may stand there.
  const isAtTop = parsed.error.issues.some(({ path }) => path.length === 0);
  const hint = isAtTop ? ` Known keys are ${known.join(', ')}.` : '';
  throw new DreyError('config_invalid', `${where} is not valid: ${faults.join('; ')}.${hint}`, {
    details: { faults },
  });
}

function findConfigFile({ env, cwd, flags }: ConfigSources): string | undefined {
  const named = flags.config ?? env['DREY_CONFIG'];
  if (named) return resolve(cwd, named);
  const configHome = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return [join(cwd, 'drey.json'), join(configHome, 'drey', 'drey.json')].find(exists);
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return !(
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    );
  }
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DreyError(
      'file_unreadable',
      `The configuration file ${file} cannot be read; check that it exists and is readable.`,
      { cause },
    );
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it is not JSON';
    throw new DreyError('config_invalid', `${file} is not JSON: ${why}.`, { cause });
  }
}

/** Loopback is a person trying things; everywhere else the strict rates hold unless somebody chose others. */
function toRateProfile(named: string | undefined, host: string): RateProfile {
  if (named === undefined) return isLoopback(host) ? 'development' : 'production';
  const { success, data } = RateProfile.safeParse(named);
  if (!success) {
    throw new DreyError(
      'config_invalid',
      `DREY_LIMITS is "${named.slice(0, 60)}"; it must be one of ${RateProfile.options.join(', ')}.`,
    );
  }
  if (data !== 'test' || isLoopback(host)) return data;
  throw new DreyError(
    'config_invalid',
    `the limits profile "test" has no limits, and ${host} is open to others; choose production or development.`,
  );
}

function checkPort(port: number | undefined): number | undefined {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65_535)) return port;
  throw new DreyError('config_invalid', `--port is ${port}; it must be a whole number from 0 to 65535.`);
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new DreyError('config_invalid', `DREY_PORT is "${text}"; it must be a whole number from 0 to 65535.`);
}
