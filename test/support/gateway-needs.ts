/**
 * A small house behind the gateway for its tests: sessions in memory, four upstream tools, and a record of everything
 * that was asked of it. It implements the gateway's own interface; it imitates nobody else's.
 */
import { createRedactor } from '../../src/access/access.ts';
import { createActorThen } from '../../src/node/actor-then.ts';
import { randomBytes } from 'node:crypto';
import type { CallCommand, CallOutcome, ObservedCall } from '../../machines/words/calls.ts';
import { changeWishes, noWishes } from '../../machines/words/wishes.ts';
import { DreyError } from '../../machines/words/errors.ts';
import type { TraceBatch } from '../../src/importers/importers.ts';
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import type { AnyEvent } from '../../machines/words/events.ts';
import { createId, toDigest } from '../../machines/words/ids.ts';
import { agentScopes, ownerScopes } from '../../machines/words/scopes.ts';
import type { RelearnReport } from '../../machines/words/relearning.ts';
import type {
  ActorView,
  Admission,
  AdmissionRequest,
  AuditRefusal,
  AuditRowView,
  CatalogueTool,
  DeadLetterView,
  FollowEvents,
  GatewayNeeds,
  KeysNeed,
  OpenSession,
  OpenTask,
  Principal,
  RankedSop,
  RateTake,
  ReviewedTool,
  Session,
} from '../../src/gateway/gateway.ts';
import { createEmptyKnowledge } from './empty-knowledge.ts';
import { quietLog } from './quiet-log.ts';
import { createSmallInsight } from './small-insight.ts';
import { createSmallMemories } from './small-memories.ts';

export const localPrincipal: Principal = {
  id: 'local',
  namespace: 'default',
  local: true,
  mayNameNamespaces: true,
  scopes: ownerScopes,
};

export interface HeldSession {
  readonly session: Session;
  readonly opened: OpenSession;
  closedFor: string | undefined;
}

export interface SmallHouse {
  readonly needs: GatewayNeeds;
  /** What the bus answers; may throw. */
  bus: () => Awaited<ReturnType<GatewayNeeds['bus']>>;
  readonly sessions: Map<string, HeldSession>;
  /** Every call that reached an upstream, oldest first. */
  readonly calls: {
    readonly name: string;
    readonly args: string;
    readonly command: CallCommand;
    session: string;
  }[];
  readonly observed: { readonly session: string; readonly call: ObservedCall }[];
  readonly tasks: { readonly session: string; readonly task: string; readonly source: string }[];
  readonly injections: Parameters<GatewayNeeds['sops']['recordInjection']>[0][];
  readonly imported: ImportedEpisode[];
  /** Batches of spans. */
  readonly batches: TraceBatch[];
  sops: RankedSop[];
  tools: CatalogueTool[];
  /** What the tool `fs__raw` answers with. */
  rawResult: string;
  outcome: CallOutcome | undefined;
  nowMs: number;
  followed: FollowEvents | undefined;
  read: Omit<FollowEvents, 'from'> | undefined;
  /** What `readEvents` finds. */
  stored: AnyEvent[];
  actors: ActorView[];
  republished: Parameters<GatewayNeeds['republishEvents']>[0][];
  dead: DeadLetterView[];
  reviewed: ReviewedTool[];
  readonly relearnings: Parameters<GatewayNeeds['relearning']['start']>[0][];
  readonly refusals: AuditRefusal[];
  audited: AuditRowView[];
  /** Deeds that were counted, and what the next ones are refused with. */
  readonly taken: RateTake[];
  refusal: DreyError | undefined;
  shutdowns: number;
  tellCatalogueChanged(): void;
  emit(event: AnyEvent): void;
  followerCount(): number;
  /** How the node is, as it is told now. */
  health: Record<string, unknown>;
  tellHealth(health: Record<string, unknown>): void;
  /** Lets calls of `fs__slow` end. */
  release(): void;
}

const echoSchema = { type: 'object', additionalProperties: true };

function toTool(tool: string): CatalogueTool {
  const name = `fs__${tool}`;
  return {
    name,
    server: 'fs',
    tool,
    stale: false,
    definition: { name, description: tool, inputSchema: echoSchema },
  };
}

/** A SOP for the tests, with every field set. */
export function sampleSop(changes: Partial<RankedSop> = {}): RankedSop {
  return {
    sopId: 'p-1',
    namespace: 'default',
    trigger: 'deploy the service',
    steps: ['Read the manifest with fs__read.', 'Write the release with fs__write.'],
    procedure: [
      { tool: 'fs__read', optional: false, repeated: false, alternatives: [], support: 1, args: {} },
      {
        tool: 'fs__write',
        optional: false,
        repeated: false,
        alternatives: [],
        support: 1,
        args: { path: { from: 'result', step: 0, path: '/path', support: 1 } },
      },
    ],
    status: 'active',
    confidence: 0.8,
    occurrences: 4,
    evidence: ['k-1', 'k-2'],
    pitfalls: [{ tool: 'fs__write', failedTimes: 2, recoveredBy: 'fs__mkdir' }],
    triggerFrom: 'task',
    wordings: [],
    firstSeenAt: '2026-01-01T00:00:00.000Z',
    lastSeenAt: '2026-01-02T00:00:00.000Z',
    version: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-02T00:00:00.000Z',
    metadata: {},
    relevance: 0.8,
    ...changes,
  };
}

/** A bus with something in it. */
const sampleBus: Awaited<ReturnType<GatewayNeeds['bus']>> = {
  server: '2.12.0',
  streams: [
    {
      stream: 'DREY_EVENTS',
      messages: 3,
      bytes: 900,
      bytesMax: null,
      keptMs: 60_000,
      firstSequence: 1,
      lastSequence: 3,
      consumers: 2,
    },
  ],
  consumers: [
    {
      stream: 'DREY_EVENTS',
      consumer: 'learning',
      pending: 1,
      unsettled: 1,
      unsettledMax: 100,
      redelivered: 0,
      delivered: 2,
      settled: 1,
    },
  ],
};

/** The report of an order that is done. */
export const sampleRelearning: RelearnReport = {
  relearnId: 'l-1',
  namespace: null,
  from: 'archive',
  isTrial: false,
  learners: 1,
  state: 'done',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:01.000Z',
  counts: {
    namespaces: 1,
    episodes: 4,
    calls: 9,
    mended: 0,
    same: 1,
    changed: 1,
    new: 0,
    gone: 0,
    kept: 1,
  },
  differences: [
    {
      namespace: 'default',
      sopId: 'p-1',
      trigger: 'deploy the service',
      difference: 'changed',
      parts: ['steps'],
    },
  ],
  error: null,
};

/** What keys of an agent that also reads events carry. */
const scopes = [...agentScopes, 'events:read'];
/** Keys of other principals than the local one, by bearer token. */
const keys = new Map<string, Principal>([
  ['ann', { id: 'ann', namespace: 'acme', local: false, mayNameNamespaces: false, scopes }],
  ['bob', { id: 'bob', namespace: 'acme', local: false, mayNameNamespaces: false, scopes }],
  [
    'cleo',
    { id: 'cleo', namespace: 'acme', local: false, mayNameNamespaces: false, scopes: ['session:read'] },
  ],
]);

function admit({ authorization, host, origin }: AdmissionRequest): Admission {
  const local = /^(localhost|127\.0\.0\.1)(:\d+)?$/;
  const refuse = (status: number, code: string, sentence: string) =>
    ({ ok: false, status, code, sentence }) as const;
  if (host === undefined || !local.test(host))
    return refuse(403, 'permission_denied', 'this Host is not served');
  if (origin !== undefined && !local.test(origin.replace(/^https?:\/\//, ''))) {
    return refuse(403, 'permission_denied', 'this Origin is not allowed');
  }
  if (authorization === undefined) return { ok: true, principal: localPrincipal };
  const principal = keys.get(authorization.replace('Bearer ', ''));
  return principal === undefined
    ? refuse(401, 'principal_unknown', 'this key is not known')
    : { ok: true, principal };
}

const nobody = (): Promise<never> => Promise.reject(new DreyError('agent_unknown', 'there is no agent'));
/** A house in which nobody but its own user lives; keys are tried where there is a database. */
const noKeys: KeysNeed = {
  listAgents: () => Promise.resolve([]),
  listKeys: () => Promise.resolve([]),
  getAgent: nobody,
  addAgent: nobody,
  setDisabled: nobody,
  createKey: nobody,
  rotateKey: nobody,
  revokeKey: nobody,
};

/** Builds the small house. */
export function createSmallHouse(): SmallHouse {
  const changed = new Set<() => void>();
  const followers = new Set<(event: AnyEvent) => void>();
  const healthFollowers = new Set<(health: Record<string, unknown>) => void>();
  let letGo: (() => void)[] = [];
  const ids = { now: () => Date.now(), random: () => randomBytes(16) };

  const runTool = async (command: CallCommand): Promise<CallOutcome> => {
    if (house.outcome !== undefined) return house.outcome;
    const finished = (result: string): CallOutcome => ({ outcome: 'finished', isError: false, result });
    if (command.name === 'fs__raw') return finished(house.rawResult);
    if (command.name === 'fs__echo') {
      return finished(
        `{"content":[{"type":"text","text":"${toDigest(command.args)}"}],"structuredContent":${command.args}}`,
      );
    }
    if (command.name === 'fs__steps') {
      const meta = JSON.parse(command.meta ?? '{}') as { progressToken?: string | number };
      for (const progress of [1, 2, 3]) {
        const params = { progressToken: meta.progressToken, progress, total: 3 };
        command.notify?.(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }));
        await new Promise(setImmediate);
      }
      return finished('{"content":[]}');
    }
    if (command.name === 'fs__slow') {
      await new Promise<void>((resolve) => {
        letGo.push(resolve);
        command.signal.addEventListener('abort', () => resolve());
      });
      return command.signal.aborted
        ? {
            outcome: 'failed',
            code: 'call_cancelled',
            message: 'cancelled',
            error: undefined,
            countsAgainst: false,
          }
        : finished('{"content":[]}');
    }
    return { outcome: 'refused', code: 'tool_unknown', message: 'tool not found', retryAfterMs: undefined };
  };

  const openSession = (opened: OpenSession): Session => {
    let task: OpenTask | null = null;
    let wishes = noWishes;
    const { principal } = opened;
    const session: Session = {
      id: opened.sessionId ?? createId('session', ids),
      namespace: principal.namespace,
      principal,
      facts: opened,
      get task() {
        return task;
      },
      contextId: null,
      get wishes() {
        return wishes;
      },
      wish: (change) => {
        wishes = changeWishes(wishes, change);
      },
      attachContext: () => undefined,
      call: (command) => {
        if (command.refused !== undefined) return Promise.resolve(command.refused);
        house.calls.push({ name: command.name, args: command.args, command, session: session.id });
        return runTool(command);
      },
      readSteps: () =>
        house.calls
          .filter((made) => made.session === session.id)
          .map((made) => ({ tool: made.name, args: JSON.parse(made.args) as unknown })),
      observe: (call) => void house.observed.push({ session: session.id, call }),
      startTask: (text, source) => {
        task = { taskId: createId('task', ids), task: text, source };
        house.tasks.push({ session: session.id, task: text, source });
        return { taskId: task.taskId };
      },
      finishTask: () => {
        const finished = task;
        task = null;
        return finished === null ? undefined : { taskId: finished.taskId, calls: 0 };
      },
      touch: () => undefined,
      close: (reason) => {
        const held = house.sessions.get(session.id);
        if (held !== undefined) held.closedFor = reason;
      },
    };
    house.sessions.set(session.id, { session, opened, closedFor: undefined });
    return session;
  };

  const needs: GatewayNeeds = {
    version: '0.0.1',
    log: quietLog,
    now: () => house.nowMs,
    ids,
    admit,
    sessions: {
      open: openSession,
      find: (id, principal) => {
        const held = house.sessions.get(id);
        const own = held?.opened.principal;
        const same = own?.id === principal.id && own.namespace === principal.namespace;
        return same && held?.closedFor === undefined ? held?.session : undefined;
      },
      list: (namespace) =>
        [...house.sessions.values()]
          .filter(({ session }) => session.namespace === namespace)
          .map(({ session, opened }) => ({
            id: session.id,
            namespace,
            principal: session.principal.id,
            transport: opened.transport,
            revision: opened.revision,
            client: opened.client,
            state: 'ready',
            task: session.task?.task ?? null,
            calls: 0,
            openedAt: '2026-01-01T00:00:00.000Z',
            lastUsedAt: '2026-01-01T00:00:00.000Z',
            doing: { task: null, calls: [], lastCall: null, idleSince: null },
          })),
    },
    catalogue: () => ({ tools: house.tools }),
    tools: {
      list: () => ({
        version: 1,
        held: [],
        tools: house.tools.map((one) => ({
          ...one,
          title: null,
          description: one.tool,
          flags: [],
          pin: null,
        })),
      }),
      review: () => house.reviewed,
      approve: (server, approvals) => {
        const waited = house.reviewed.filter((one) => one.server === server);
        return Promise.resolve(
          approvals.filter(({ tool, hash }) => waited.some((one) => one.tool === tool && one.hash === hash)),
        );
      },
    },
    onCatalogueChanged: (tell) => {
      changed.add(tell);
      return () => changed.delete(tell);
    },
    offers: {
      list: () => Promise.resolve({ items: [], stale: [] }),
      prompt: () => Promise.resolve(undefined),
      resource: () => Promise.resolve([]),
      pass: () =>
        Promise.resolve({
          outcome: 'refused',
          code: 'upstream_unavailable',
          message: 'there is none',
          retryAfterMs: undefined,
        }),
      abilities: () => ({ subscribe: false, logging: false, completions: false }),
      onChanged: () => () => undefined,
    },
    hearing: {
      watch: () => Promise.resolve({ outcome: 'finished', result: '{}', isError: false }),
      unwatch: () => Promise.resolve({ outcome: 'finished', result: '{}', isError: false }),
      setLevel: () => ({ outcome: 'finished', result: '{}', isError: false }),
      leave: () => undefined,
    },
    sops: {
      search: ({ minConfidence, limit }) =>
        Promise.resolve(house.sops.filter((sop) => sop.confidence >= minConfidence).slice(0, limit)),
      list: ({ limit, offset }) => Promise.resolve(house.sops.slice(offset, offset + limit)),
      get: (namespace, id) =>
        Promise.resolve(house.sops.find((sop) => sop.sopId === id && sop.namespace === namespace)),
      recordInjection: (injection) => house.injections.push(injection),
    },
    feedback: ({ patternId, helpful }) =>
      patternId === 'p-1'
        ? Promise.resolve({
            pattern_id: patternId,
            new_effectiveness: helpful ? 1 : 0,
            applied_count: 1,
            success_count: helpful ? 1 : 0,
          })
        : Promise.reject(new DreyError('sop_unknown', 'no pattern or SOP has this id')),
    learning: () =>
      Promise.resolve({
        engine_status: 'running',
        last_learning_run: null,
        statistics: { total_sops: 1, total_patterns: 0, avg_confidence: 0.8, recent_discoveries: [] },
      }),
    keys: noKeys,
    audit: {
      refused: (refusal) => {
        house.refusals.push(refusal);
        return Promise.resolve();
      },
      list: () => Promise.resolve(house.audited),
      verify: (namespace) =>
        Promise.resolve({
          namespace,
          isWhole: true,
          rows: 0,
          head: { position: 0, hash: '' },
          anchors: 0,
          anchoredTo: 0,
          faults: [],
        }),
    },
    limits: {
      profile: 'test',
      take: (take) => {
        house.taken.push(take);
        return house.refusal === undefined ? Promise.resolve() : Promise.reject(house.refusal);
      },
      read: ({ operation }) =>
        Promise.resolve({ operation, max: 1, windowMs: 1_000, remaining: 1, retryAfterMs: 0 }),
    },
    relearning: {
      start: (order) => {
        house.relearnings.push(order);
        return Promise.resolve({ ...sampleRelearning, ...order, state: 'running', endedAt: null });
      },
      read: (relearnId) => Promise.resolve({ ...sampleRelearning, relearnId }),
    },
    insight: createSmallInsight(),
    learningControls: {
      readPause: () => Promise.resolve({ paused: false, since: null, by: null }),
      pause: ({ principal }) => Promise.resolve({ paused: true, since: 'now', by: principal.id }),
      resume: () => Promise.resolve({ paused: false, since: null, by: null }),
      forget: () => Promise.resolve({ episodes: 1, calls: 2, memories: 0 }),
    },
    memories: createSmallMemories(),
    knowledge: createEmptyKnowledge(),
    status: () => Promise.resolve({ state: 'running', version: '0.0.1' }),
    importEpisodes: async (_namespace, _principal, episodes) => {
      let calls = 0;
      for await (const episode of episodes) {
        house.imported.push(episode);
        calls += episode.calls.length;
      }
      return { episodes: house.imported.length, calls, duplicates: 0 };
    },
    receiveTraces: (_namespace, _principal, batch) => {
      house.batches.push(batch);
      return 0;
    },
    followEvents: (asked, onEvent) => {
      house.followed = asked;
      followers.add(onEvent);
      return Promise.resolve({ stop: () => followers.delete(onEvent) });
    },
    readEvents: async (asked, onEvent) => {
      house.read = asked;
      for (const [index, event] of house.stored.entries()) if (!(await onEvent(event, index + 1))) return;
    },
    actorThen: createActorThen({
      wire: {
        root: 'drey',
        readEvents: async ({ onEvent }) => {
          for (const [index, event] of house.stored.entries()) if (!(await onEvent(event, index + 1))) return;
        },
      },
      redactor: createRedactor({ key: 'test' }),
    }),
    republishEvents: (asked) => {
      house.republished.push(asked);
      return Promise.resolve(asked.sequences.length);
    },
    followHealth: (heard) => {
      healthFollowers.add(heard);
      heard(house.health);
      return () => healthFollowers.delete(heard);
    },
    actors: (namespace) =>
      Promise.resolve(
        house.actors.filter((actor) => actor.namespace === namespace || actor.namespace === '_system'),
      ),
    dead: {
      list: ({ namespaces, limit }) => {
        const letters = house.dead.filter(({ actor }) => namespaces.includes(actor.namespace));
        return Promise.resolve({ letters: letters.slice(0, limit), total: letters.length });
      },
      get: (id) => Promise.resolve(house.dead.find((letter) => letter.id === id)),
      retry: ({ id }) => {
        house.dead = house.dead.filter((letter) => letter.id !== id);
        return Promise.resolve({ stream: 'DREY_EVENTS', sequence: 99 });
      },
      drop: ({ id }) => {
        const before = house.dead.length;
        house.dead = house.dead.filter((letter) => letter.id !== id);
        return Promise.resolve(house.dead.length < before);
      },
    },
    bus: async () => house.bus(),
    database: async () => ({ version: '18.4' }),
    reload: async () => ({ added: [] }),
    shutdown: () => {
      house.shutdowns += 1;
    },
  };
  const house: SmallHouse = {
    needs,
    sessions: new Map(),
    calls: [],
    tasks: [],
    observed: [],
    injections: [],
    imported: [],
    batches: [],
    sops: [],
    tools: ['echo', 'slow', 'steps', 'raw'].map(toTool),
    rawResult: '{"content":[]}',
    outcome: undefined,
    nowMs: 1_800_000_000_000,
    followed: undefined,
    read: undefined,
    stored: [],
    actors: [],
    republished: [],
    dead: [],
    reviewed: [],
    relearnings: [],
    refusals: [],
    audited: [],
    taken: [],
    refusal: undefined,
    shutdowns: 0,
    bus: () => sampleBus,
    tellCatalogueChanged: () => {
      for (const tell of changed) tell();
    },
    followerCount: () => followers.size + healthFollowers.size,
    health: { resources: [] },
    tellHealth: (health) => {
      house.health = health;
      for (const heard of healthFollowers) heard(health);
    },
    emit: (event) => {
      for (const follower of followers) follower(event);
    },
    release: () => {
      for (const end of letGo) end();
      letGo = [];
    },
  };
  return house;
}
