/** Guided runs as a node keeps them: durable actors, told and read. What they hold of others' data is sealed like all that is stored. */
import type { RunContext } from '../../machines/run.machine.ts';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { createId } from '../../machines/words/ids.ts';
import { toListedRun, toNodeAddress } from '../actors/actors.ts';
import type { Clock, Fabric } from '../actors/actors.ts';
import type { RunsNeed, RunStanding } from '../gateway/gateway.ts';
import {
  appendAudit,
  countOpenRuns,
  ensureNamespace,
  listRuns,
  readActor,
  readUntoldRuns,
  tellRun,
} from '../store/store.ts';
import type { Store, StoredActor } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';

export interface GuidedRunsOptions {
  readonly fabric: Pick<Fabric, 'deliver'> | undefined;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly wire: Pick<Wire, 'ask'>;
  readonly nodeId: string;
  readonly clock: Clock;
}

/** Opens them; a node that only learns has none. */
export function openGuidedRuns({
  fabric,
  store,
  wire,
  nodeId,
  clock,
}: GuidedRunsOptions): RunsNeed | undefined {
  if (fabric === undefined) return undefined;
  const life = createId('node', clock);
  const read = async (namespace: string, runId: string): Promise<RunStanding | undefined> => {
    const found = await store.inNamespace(namespace, (trx) => readActor(trx, { kind: 'run', id: runId }));
    return found === undefined ? undefined : toStanding(found);
  };
  return {
    node: nodeId,
    life,
    isGone: async (call) => {
      if (call.life === life) return false;
      return call.node === nodeId || isUnreachable(wire, call.node);
    },
    moving: new Set(),
    tell: async ({ namespace, runId, traceparent }, { type: verb, ...data }) => {
      const id = createId('event', clock);
      const address = { namespace, kind: 'run', id: runId } as const;
      const answer = await fabric.deliver(address, { from: 'command', id, verb, data, traceparent });
      if (!answer.ok) throw new DreyError(answer.code, `the run refused "${verb}"`);
      const standing = await read(namespace, runId);
      if (standing === undefined) throw new DreyError('run_unknown', 'the run is gone');
      return standing;
    },
    writeDown: ({ namespace, runId, principal, action, ...details }) =>
      store.inNamespace(namespace, async (trx) => {
        await ensureNamespace(trx);
        await appendAudit(trx, {
          action,
          severity: action === 'run_approved' ? 'HIGH' : 'MEDIUM',
          principal,
          object: `run/${runId}`,
          outcome: 'done',
          details,
        });
      }),
    read,
    list: async ({ namespace, principal: owner, waiting, after, limit }) => {
      await tellUntold(store, namespace);
      return store.inNamespace(namespace, (trx) => listRuns(trx, { owner, waiting, after, limit }));
    },
    countOpen: (namespace) => store.inNamespace(namespace, (trx) => countOpenRuns(trx)),
  };
}

/** How long a node may take to say that it lives. */
const aliveMs = 1_000;

/** Nobody listens under a dead node's name; one that is only slow may still be calling. */
async function isUnreachable(wire: Pick<Wire, 'ask'>, node: string): Promise<boolean> {
  try {
    await wire.ask(toNodeAddress(node), 'alive', undefined, { timeoutMs: aliveMs });
    return false;
  } catch (error) {
    return isDreyError(error) && error.code === 'node_unreachable';
  }
}

/** Runs that began before lists knew of any are told of, a few at a time since they are read whole. */
async function tellUntold(store: GuidedRunsOptions['store'], namespace: string): Promise<void> {
  for (let turn = 0; turn < untoldTurnsMax; turn += 1) {
    const told = await store.inNamespace(namespace, async (trx) => {
      const untold = await readUntoldRuns(trx, untoldMax);
      for (const one of untold) {
        const { state, context } = toStanding(one);
        await tellRun(trx, one, toListedRun(state, context));
      }
      return untold.length;
    });
    if (told < untoldMax) return;
  }
}

const untoldMax = 20;
const untoldTurnsMax = 50;

/** The row holds what the run's own machine wrote. */
function toStanding({ snapshot }: StoredActor): RunStanding {
  const { machine } = snapshot as { machine: { value: string; context: RunContext } };
  return { state: machine.value, context: machine.context };
}
