// What a guided run does when its procedure, its call or its namespace changed in the meantime.
import { beforeEach, describe, expect, it } from 'vitest';
import { runLimits } from '../../../machines/words/runs.ts';
import { toFingerprint } from '../../../src/gateway/runs/run-offer.ts';
import { toQuestion } from '../../../src/gateway/runs/run-person.ts';
import { cancelRun, moveRun, startRun } from '../../../src/gateway/runs/runs.ts';
import type { RunMover } from '../../../src/gateway/runs/runs.ts';
import { createSmallHouse, localPrincipal, sampleSop } from '../../support/gateway-needs.ts';
import type { SmallHouse } from '../../support/gateway-needs.ts';
import { createSmallRuns } from '../../support/small-runs.ts';
import type { SmallRuns } from '../../support/small-runs.ts';

let house: SmallHouse;
let runs: SmallRuns;
let mover: RunMover;
beforeEach(() => {
  house = createSmallHouse();
  house.sops = [sampleSop()];
  house.outcome = { outcome: 'finished', isError: false, result: '{"path":"a.md","content":[]}' };
  runs = createSmallRuns();
  const needs = { ...house.needs, runs };
  const session = needs.sessions.open({
    principal: localPrincipal,
    transport: 'http',
    revision: 'rest',
    client: 'test',
  });
  const signal = new AbortController().signal;
  const shared = { namespace: 'default', principal: localPrincipal, via: 'rest', signal } as const;
  mover = { ...shared, needs, session: () => session };
});

const start = async () => {
  const asked = { sopId: 'p-1', task: 'deploy the service', sessionId: 's-1', dryRun: false };
  return (await startRun(mover, asked)).context.runId;
};
/** A yes to what the run offers now. */
const approve = async (runId: string) => {
  const { context } = await moveRun(mover, runId, {});
  const { offer } = context;
  if (offer === null) throw new Error('the run offers nothing');
  return moveRun(mover, runId, { approve: true, step: context.at, fingerprint: toFingerprint(offer) });
};

describe('a run whose procedure was taken out of use meanwhile', () => {
  it.each(['quarantined', 'deprecated', 'retired', 'shadow'] as const)(
    'is stopped before the next call: %s',
    async (status) => {
      const runId = await start();
      expect((await approve(runId)).state).toBe('checking');
      expect(house.calls.map(({ name }) => name)).toEqual(['fs__read']);
      house.sops = [sampleSop({ status })];
      const stopped = await moveRun(mover, runId, {});
      expect(stopped).toMatchObject({
        state: 'cancelled',
        context: { reason: `the procedure is ${status} now: nothing further is called by it` },
      });
      expect(house.calls).toHaveLength(1);
    },
  );

  it('is stopped although a person says yes to the call that was shown', async () => {
    const runId = await start();
    const { context } = await moveRun(mover, runId, {});
    expect(context.offer?.tool).toBe('fs__read');
    house.sops = [];
    expect(await approve(runId)).toMatchObject({
      state: 'cancelled',
      context: { reason: 'the procedure is gone now: nothing further is called by it' },
    });
    expect(house.calls).toEqual([]);
  });

  it('still ends well where nothing was left to call', async () => {
    const runId = await start();
    await approve(runId);
    const skipped = await moveRun(mover, runId, { skip: true, step: 1 });
    expect(skipped.state).toBe('done');
  });
});

describe('the task of a run', () => {
  const session = () => mover.session('s-1', localPrincipal.id);
  const finish = async (runId: string) => {
    await approve(runId);
    return moveRun(mover, runId, { skip: true, step: 1 });
  };

  it('ends with it where the run began it', async () => {
    const runId = await start();
    expect(session().task?.task).toBe('deploy the service');
    expect((await finish(runId)).state).toBe('done');
    expect(session().task).toBeNull();
  });

  it.each(['deploy the service', 'bring it to the people'])(
    'is the agent’s own to end where it began one with the tool: %s',
    async (words) => {
      const { taskId } = session().startTask(words, 'task');
      expect((await finish(await start())).state).toBe('done');
      expect(house.tasks.map(({ task }) => task)).toEqual([words]);
      expect(session().task?.taskId).toBe(taskId);
    },
  );

  it('of an earlier run is nobody’s own', async () => {
    await cancelRun(mover, await start(), 'not now');
    expect((await finish(await start())).state).toBe('done');
    expect(session().task).toBeNull();
  });
});

it('says where a missing value came from in earlier tasks', async () => {
  const [, write] = sampleSop().procedure;
  if (write === undefined) throw new Error('the sample has two steps');
  const args = {
    path: { from: 'result', step: 0, path: '/content', selector: 'part of text', support: 1 },
    name: { from: 'ask', support: 1 },
  } as const;
  house.sops = [sampleSop({ procedure: [{ ...write, args }] })];
  const waits = await moveRun(mover, await start(), {});
  expect(waits.state).toBe('awaitingInput');
  expect(toQuestion(waits)).toMatchObject({
    requestedSchema: {
      properties: {
        path: { description: 'In earlier tasks it came from the result of step 1 /content (part of text).' },
        name: { description: 'It differs from task to task.' },
      },
      required: ['path', 'name'],
    },
  });
});

it('takes the element that no earlier call was given by itself, and asks where all were', async () => {
  const [read, write] = sampleSop().procedure;
  if (read === undefined || write === undefined) throw new Error('the sample has two steps');
  const at = { from: 'result', step: 0, path: '/files/0/name', support: 1 } as const;
  const procedure = [
    read,
    { ...read, args: { path: { ...at, selector: 'first' } } },
    { ...write, args: { path: { ...at, selector: 'unused', against: 1, exceptions: ['k-7'] } } },
  ];
  house.sops = [sampleSop({ procedure, steps: [] })];
  const answer = async (names: readonly string[]) => {
    const files = names.map((name) => ({ name }));
    house.outcome = { outcome: 'finished', isError: false, result: JSON.stringify({ files }) };
    const runId = await start();
    await approve(runId);
    await approve(runId);
    return (await moveRun(mover, runId, {})).context.offer;
  };
  expect(await answer(['a.md', 'b.md'])).toMatchObject({ args: { path: 'b.md' }, missing: [] });
  expect(await answer(['a.md'])).toMatchObject({ args: {}, missing: ['path'] });
});

describe('an answer that comes late', () => {
  it('never reaches a run that makes another call meanwhile', async () => {
    const runId = await start();
    await approve(runId);
    const lost = runs.told.find(({ type }) => type === 'call.done');
    expect(lost).toHaveProperty('callId');
    // It waits at the next step now, with a call of its own.
    const offer = { step: 1, tool: 'fs__write', args: {}, missing: [], approval: null };
    const call = { callId: 'k-new', node: 'n-2', life: 'n-2-life' };
    const at = { namespace: 'default', runId };
    await runs.tell(at, { type: 'next', needs: 'call', offer, call });
    const late = { callId: 'k-old' } as const;
    await runs.tell(at, { type: 'call.failed', reason: 'the node went away', ...late });
    await runs.tell(at, {
      type: 'call.done',
      taken: { step: 1, tool: 'fs__write', args: {}, was: 'done' },
      ...late,
    });
    await runs.tell(at, { type: 'call.lost', needs: 'approval', offer, ...late });
    expect(await runs.read('default', runId)).toMatchObject({
      state: 'calling',
      context: { at: 1, call: { callId: 'k-new' } },
    });
    await runs.tell(at, {
      type: 'call.done',
      taken: { step: 1, tool: 'fs__write', args: {}, was: 'done' },
      callId: 'k-new',
    });
    expect(await runs.read('default', runId)).toMatchObject({ state: 'checking', context: { at: 2 } });
  });

  it('two nodes that find the same call lost take it over once', async () => {
    const runId = await start();
    const offer = { step: 0, tool: 'fs__read', args: {}, missing: [], approval: null };
    const call = { callId: 'k-lost', node: 'n-2', life: 'n-2-life' };
    const at = { namespace: 'default', runId };
    await runs.tell(at, { type: 'next', needs: 'call', offer, call });
    const take = (callId: string) =>
      runs.tell(at, {
        type: 'call.lost',
        needs: 'call',
        callId: 'k-lost',
        offer,
        call: { callId, node: 'n', life: 'n' },
      });
    await take('k-first');
    expect((await take('k-second')).context.call?.callId).toBe('k-first');
  });
});

it('no run is begun where as many are open as may be, and a dry run always is', async () => {
  runs.open = runLimits.openMax - 1;
  await start();
  runs.open = runLimits.openMax;
  await expect(start()).rejects.toMatchObject({
    code: 'limit_reached',
    message: expect.stringContaining(`${runLimits.openMax} open runs`),
  });
  const asked = { sopId: 'p-1', task: undefined, sessionId: 's-1', dryRun: true };
  expect((await startRun(mover, asked)).state).toBe('planned');
});
