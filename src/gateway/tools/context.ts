/**
 * `context`: state that several agents share, by key, with versions. Each action names what it needs; what is missing or
 * too much is told in a sentence that a model can act on.
 */
import { z } from 'zod';
import {
  contextKeysMax,
  contextNameMax,
  ContextKeys,
  ContextValues,
  everyone,
} from '../../../machines/words/contexts.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import {
  AccessAnswer,
  contextIdField,
  needContexts,
  permissionsField,
  SummaryAnswer,
  toAccessAnswer,
  toCaller,
  toGrantee,
  toSummaryAnswer,
  toWrittenAnswer,
} from '../contexts.ts';
import type { ContextsNeed } from '../contexts-need.ts';
import { count, createTool, text } from './tool.ts';
import type { ToolContext } from './tool.ts';

const actions = [
  'create',
  'get',
  'set',
  'patch',
  'list',
  'share',
  'history',
  'rollback',
  'attach',
  'detach',
  'archive',
] as const;

const input = z.object({
  action: z
    .enum(actions, { error: `must be one of ${actions.join(', ')}` })
    .describe('What to do; all but create, list and detach need context_id.'),
  context_id: contextIdField.optional(),
  name: text('a name', contextNameMax)
    .optional()
    .describe('For create: your own name for it; the same name again is the same context.'),
  values: ContextValues.optional().describe(
    `For create and set: keys and whole values, all stored together or not at all. For patch: a JSON merge patch for each key. At most ${contextKeysMax} keys.`,
  ),
  remove: ContextKeys.optional().describe('For set and patch: keys to remove in the same change.'),
  keys: ContextKeys.optional().describe('For get: only these keys.'),
  expected_version: count(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('For set and patch: refuse unless the context is at this version.'),
  expected: ContextValues.optional().describe(
    'For set and patch: refuse unless these keys have these values.',
  ),
  absent: ContextKeys.optional().describe('For set and patch: refuse if one of these keys is there.'),
  if_offline: z
    .enum(['refuse', 'queue'])
    .optional()
    .describe('For set and patch while the database is away: queue answers "pending" and stores it later.'),
  with: text('an agent', 300)
    .optional()
    .describe(`For share: the agent's name, or "${everyone}" for every agent of your namespace.`),
  permissions: permissionsField
    .optional()
    .describe('For share: what it may do from now on; an empty list takes everything away.'),
  version: count(1, Number.MAX_SAFE_INTEGER).optional().describe('For rollback: the version to go back to.'),
  limit: count(1, 200).default(20).describe('For list and history.'),
});
type Arguments = z.output<typeof input>;

const output = z.object({
  context_id: z.string().optional(),
  version: z.number().int().optional(),
  created: z.boolean().optional(),
  values: z.record(z.string(), z.unknown()).optional(),
  permissions: permissionsField.optional(),
  age_ms: z.number().optional().describe('Since this copy was compared with the database.'),
  stale: z.boolean().optional().describe('True while the database is away.'),
  outcome: z.enum(['stored', 'pending', 'refused']).optional(),
  request_id: z.string().optional(),
  code: z.string().optional(),
  contexts: z.array(SummaryAnswer).optional(),
  versions: z
    .array(
      z.object({
        version: z.number().int(),
        values: z.record(z.string(), z.unknown()),
        removed: z.array(z.string()),
        changed_by: z.string(),
        at: z.string(),
      }),
    )
    .optional(),
  access: AccessAnswer.optional(),
  attached: z.string().nullable().optional(),
});
type Answer = z.output<typeof output>;

interface Asked {
  readonly args: Arguments;
  readonly context: ToolContext;
  readonly contexts: ContextsNeed;
}

interface Action {
  readonly scope: Scope;
  run(asked: Asked): Promise<Answer>;
}

const deeds: Readonly<Record<Arguments['action'], Action>> = {
  create: { scope: 'context:write', run: create },
  get: { scope: 'context:read', run: get },
  set: { scope: 'context:write', run: (asked) => change(asked, 'changes') },
  patch: { scope: 'context:write', run: (asked) => change(asked, 'patches') },
  list: { scope: 'context:read', run: list },
  share: { scope: 'context:write', run: share },
  history: { scope: 'context:read', run: history },
  rollback: { scope: 'context:write', run: rollback },
  attach: { scope: 'context:read', run: attach },
  detach: { scope: 'context:read', run: detach },
  archive: { scope: 'context:write', run: archive },
};

export const context = createTool({
  name: 'context',
  title: 'Shared state',
  description:
    'State that agents of your namespace share: keys with JSON values and versions. ' +
    '{"action":"create","name":"release","values":{"step":1}} makes one and returns its context_id; get, set and patch it; ' +
    '{"action":"share","context_id":"…","with":"*","permissions":["write"]} lets every agent work with it. ' +
    'After attach your tool calls run in it. Watch context://<context_id> to hear of changes.',
  readOnly: false,
  scope: ({ action }) => deeds[action].scope,
  input,
  output,
  run: async (args, toolContext) =>
    deeds[args.action].run({ args, context: toolContext, contexts: needContexts(toolContext.needs) }),
});

/** Who asks, in which namespace. */
function toAsker({ context: { principal, session, traceparent } }: Asked) {
  return { namespace: session.namespace, by: toCaller(principal), traceparent };
}

function toNamed(asked: Asked) {
  return { ...toAsker(asked), contextId: need(asked.args, 'context_id') };
}

function need<K extends keyof Arguments>(args: Arguments, field: K): NonNullable<Arguments[K]> {
  const value = args[field];
  if (value !== undefined && value !== null) return value;
  throw new DreyError('argument_invalid', `${field} is required with action "${args.action}"`);
}

async function create(asked: Asked): Promise<Answer> {
  const { name, values = {} } = asked.args;
  const { contextId, version, created } = await asked.contexts.create({ ...toAsker(asked), name, values });
  return { context_id: contextId, version, created };
}

async function get(asked: Asked): Promise<Answer> {
  const { keys } = asked.args;
  const view = await asked.contexts.get(toNamed(asked));
  const entries = Object.entries(view.values).filter(([key]) => keys?.includes(key) ?? true);
  return {
    context_id: view.contextId,
    version: view.version,
    values: Object.fromEntries(entries),
    permissions: [...view.permissions],
    age_ms: view.ageMs,
    stale: view.stale,
  };
}

async function change(asked: Asked, as: 'changes' | 'patches'): Promise<Answer> {
  const { args, contexts } = asked;
  if (args.values === undefined && args.remove === undefined)
    throw new DreyError('argument_invalid', `values or remove is required with action "${args.action}"`);
  const written = await contexts.change({
    ...toNamed(asked),
    [as]: args.values,
    removed: args.remove,
    expectedVersion: args.expected_version,
    expected: args.expected,
    absent: args.absent,
    ifOffline: args.if_offline,
  });
  return { context_id: args.context_id, ...toWrittenAnswer(written) };
}

async function list(asked: Asked): Promise<Answer> {
  const found = await asked.contexts.list({ ...toAsker(asked), limit: asked.args.limit });
  return { contexts: found.map(toSummaryAnswer) };
}

async function share(asked: Asked): Promise<Answer> {
  const named = toNamed(asked);
  const whom = toGrantee(asked.context.session.namespace, need(asked.args, 'with'));
  const permissions = need(asked.args, 'permissions');
  const access = await asked.contexts.share({ ...named, with: whom, permissions });
  return { context_id: named.contextId, access: toAccessAnswer(access) };
}

async function history(asked: Asked): Promise<Answer> {
  const named = toNamed(asked);
  const versions = await asked.contexts.history({ ...named, limit: asked.args.limit });
  return {
    context_id: named.contextId,
    versions: versions.map(({ version, changes, removed, principal, at }) => {
      return { version, values: { ...changes }, removed: [...removed], changed_by: principal, at };
    }),
  };
}

async function rollback(asked: Asked): Promise<Answer> {
  const named = toNamed(asked);
  const { version } = await asked.contexts.rollback({ ...named, version: need(asked.args, 'version') });
  return { context_id: named.contextId, version };
}

async function attach(asked: Asked): Promise<Answer> {
  const { contextId, version, permissions } = await asked.contexts.get(toNamed(asked));
  if (!permissions.some((one) => one === 'execute' || one === 'administer'))
    throw new DreyError(
      'permission_denied',
      'running tool calls in a context needs its permission "execute"; whoever administers it can give it',
    );
  asked.context.session.attachContext(contextId);
  return { context_id: contextId, version, attached: contextId };
}

async function detach({ context: { session } }: Asked): Promise<Answer> {
  session.attachContext(null);
  return Promise.resolve({ attached: null });
}

async function archive(asked: Asked): Promise<Answer> {
  const named = toNamed(asked);
  await asked.contexts.archive(named);
  return { context_id: named.contextId };
}
