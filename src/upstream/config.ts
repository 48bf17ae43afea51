/**
 * What a person writes about one upstream: an entry of `mcpServers`, as MCP clients know it, plus our own optional keys.
 * Unknown keys are errors; `${VAR}` is expanded here and nowhere else, and what it brought in is remembered as secret.
 */
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';

/** When a breaker opens and for how long; for all upstreams in the file's `breaker`, for one in its entry. */
export const BreakerSettings = z.strictObject({
  windowSize: z.number().int().min(1).max(10_000).exactOptional(),
  minCalls: z.number().int().min(1).max(10_000).exactOptional(),
  failureRate: z.number().min(0).max(1_000).exactOptional(),
  openMs: z.number().int().min(1).max(3_600_000).exactOptional(),
  openMaxMs: z.number().int().min(1).max(86_400_000).exactOptional(),
  backoff: z.number().min(1).max(10).exactOptional(),
  halfOpenCalls: z.number().int().min(1).max(1_000).exactOptional(),
});

/** How we get tokens where a server asks for them; everything can be found out, so all of it is optional. */
const OAuthSettings = z.strictObject({
  /** Without one, we register ourselves at the authorization server. */
  clientId: z.string().min(1).max(1_000).optional(),
  clientSecret: z.string().min(1).max(1_000).optional(),
  scope: z.string().min(1).max(2_000).optional(),
  /** Where a client id is bound to one address; a free port otherwise. */
  redirectPort: z.number().int().min(1).max(65_535).optional(),
});

/** Our own keys, the same for both kinds of upstream. */
const ownKeys = {
  /** Started with the node, or with the first call. */
  start: z.enum(['eager', 'lazy']).optional(),
  /** Stopped after so long without a request, and started again by the next one; lazy ones have a default. */
  idleStopMs: z.number().int().min(1).max(86_400_000).optional(),
  /** How long a start and its handshake may take; callers wait for it. */
  startTimeoutMs: z.number().int().min(1).max(600_000).optional(),
  /** One connection for everybody, or one for each principal, with tokens and `${DREY_PRINCIPAL}` of its own. */
  credentials: z.enum(['shared', 'principal']).optional(),
  /**
   * One connection for all clients, or others for clients that can be asked something: they then serve one call at a
   * time, so that a question always finds its client; what the server remembers is not shared between them.
   */
  connections: z.enum(['shared', 'by-ability']).optional(),
  breaker: BreakerSettings.optional(),
  /** How long one call may take. */
  timeoutMs: z.number().int().min(1).max(3_600_000).optional(),
  /** Exact tool names, or patterns with `*`. What is idempotent may be tried again; an upstream's own word is not taken. */
  tools: z
    .strictObject({
      allow: z.array(z.string()).optional(),
      deny: z.array(z.string()).optional(),
      idempotent: z.array(z.string()).max(1_000).optional(),
    })
    .optional(),
  /** Keys of a shared context that it is given with a call, and that its results may write; `*` at an end is any ending. */
  contextKeys: z
    .strictObject({
      read: z.array(z.string().min(1).max(200)).max(1_000).default([]),
      write: z.array(z.string().min(1).max(200)).max(1_000).default([]),
    })
    .optional(),
  /** Calls at once; more wait in line, namespaces taking turns. */
  callsMax: z.number().int().min(1).max(10_000).optional(),
  disabled: z.boolean().optional(),
  /** Which protocol to speak first: 2025's `initialize` (legacy), 2026's `server/discover` (modern), or find out. */
  era: z.enum(['auto', 'legacy', 'modern']).optional(),
};

const StdioUpstream = z.strictObject({
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  /** Further variables that it inherits from the node; a `*` at the end stands for any ending. */
  envAllow: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, 'write a variable, or its beginning and a *'))
    .max(200)
    .optional(),
  cwd: z.string().optional(),
  ...ownKeys,
});

const HttpUpstream = z.strictObject({
  type: z.enum(['http', 'streamable-http']).optional(),
  url: z.string().refine(isAddress, 'write an address that begins with http:// or https://'),
  headers: z.record(z.string(), z.string()).optional(),
  oauth: OAuthSettings.optional(),
  ...ownKeys,
});

/** With variables in it, an address can only be judged after they are expanded. */
function isAddress(text: string): boolean {
  return text.includes('${') || (URL.canParse(text) && /^https?:/.test(text));
}

export type UpstreamConfig = StdioUpstream | HttpUpstream;

/** One entry of `mcpServers`: a command to run, or a URL. A wrong key is named together with the allowed ones. */
export const UpstreamConfig: z.ZodType<UpstreamConfig> = z
  .unknown()
  .transform((entry, context): UpstreamConfig => {
    const judged = judge(entry);
    if (typeof judged !== 'string') return judged;
    context.issues.push({ code: 'custom', message: judged, input: entry });
    return z.NEVER;
  });

export type StdioUpstream = z.infer<typeof StdioUpstream>;
export type HttpUpstream = z.infer<typeof HttpUpstream>;

/** A configuration ready for use: variables expanded, and every value that must not be shown. */
export interface ResolvedConfig<C extends UpstreamConfig = UpstreamConfig> {
  readonly config: C;
  readonly secrets: readonly string[];
}

/** Reads one entry of `mcpServers`; throws `config_invalid` naming the key that is wrong and the allowed ones. */
export function parseUpstreamConfig(alias: string, entry: unknown): UpstreamConfig {
  const judged = judge(entry);
  if (typeof judged === 'string') throw invalid(alias, judged);
  return judged;
}

/** The entry, or what is wrong with it. */
function judge(entry: unknown): UpstreamConfig | string {
  const isObject = typeof entry === 'object' && entry !== null;
  const hasCommand = isObject && 'command' in entry;
  const hasUrl = isObject && 'url' in entry;
  if (hasCommand === hasUrl) {
    const found = hasCommand ? 'both' : 'neither';
    return `has ${found} "command" and "url"; write "command" for a program or "url" for an address`;
  }
  const schema = hasCommand ? StdioUpstream : HttpUpstream;
  const parsed = schema.safeParse(entry);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code !== 'unrecognized_keys') return `has a wrong "${issue?.path.join('.')}": ${issue?.message}`;
  const [part] = issue.path;
  const allowed = toAllowed(schema, part).join(', ');
  const where = part === undefined ? '' : ` in "${String(part)}"`;
  return `has the unknown key "${issue.keys[0]}"${where}; allowed are ${allowed}`;
}

/** The keys of an entry, or of one of its parts. */
function toAllowed(
  schema: typeof StdioUpstream | typeof HttpUpstream,
  part: PropertyKey | undefined,
): readonly string[] {
  if (part === undefined) return Object.keys(schema.shape);
  const parts = {
    tools: ownKeys.tools.unwrap(),
    contextKeys: ownKeys.contextKeys.unwrap(),
    breaker: BreakerSettings,
    oauth: OAuthSettings,
  };
  return Object.keys(parts[part as keyof typeof parts]?.shape ?? {});
}

/** Expands `${VAR}`, `${env:VAR}` and `${VAR:-default}` in every string; throws `config_invalid` for a missing one. */
export function resolveConfig(
  alias: string,
  config: UpstreamConfig,
  env: Readonly<Record<string, string | undefined>>,
): ResolvedConfig {
  const secrets = new Set<string>();
  const expand = (text: string): string =>
    text.replaceAll(
      /\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
      (_whole, name: string, fallback?: string) => {
        const value = env[name] ?? fallback;
        if (value === undefined) {
          throw invalid(
            alias,
            `uses \${${name}}, but the environment variable ${name} is not set; set it or remove it`,
          );
        }
        secrets.add(value);
        return value;
      },
    );
  const resolved = parseUpstreamConfig(alias, expandAll(config, expand));
  const shown = 'command' in resolved ? resolved.env : resolved.headers;
  for (const value of Object.values(shown ?? {})) secrets.add(value);
  for (const [name, value] of Object.entries(env))
    if ('command' in resolved && value !== undefined && isAllowed(resolved, name)) secrets.add(value);
  // Who it is for is no secret, and a word such as "local" stands in many sentences.
  secrets.delete(env['DREY_PRINCIPAL'] ?? '');
  return { config: resolved, secrets: [...secrets].filter((value) => value.length >= secretLengthMin) };
}

/** Whether a program inherits a variable by its own list. */
export function isAllowed({ envAllow = [] }: Pick<StdioUpstream, 'envAllow'>, name: string): boolean {
  return envAllow.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

/** Shorter values ("1", "en") are no secrets, and hiding them would make sentences unreadable. */
const secretLengthMin = 4;

/** The text with every secret replaced. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text);
}

function expandAll(value: unknown, expand: (text: string) => string): unknown {
  if (typeof value === 'string') return expand(value);
  if (Array.isArray(value)) return value.map((item) => expandAll(item, expand));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expandAll(item, expand)]));
}

function invalid(alias: string, what: string): DreyError {
  return new DreyError('config_invalid', `the upstream "${alias}" ${what}`, { details: { alias } });
}
