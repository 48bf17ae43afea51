/** `GET /report` in front of a small house: how far it looks back, and how often it is put together. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InsightReport } from '../../../machines/words/reports.ts';
import { limits } from '../../../machines/words/limits.ts';
import { createReports, reportKeptMs, reportsWaitingMax } from '../../../src/node/reports.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const ask = (since: number) =>
  at.send({ method: 'GET', path: `/api/v1/report?since=${new Date(since).toISOString()}` });
const dayMs = 86_400_000;

it('a report looks back so many days and no further, and says so', async () => {
  const now = at.house.needs.now();
  expect((await ask(now - (limits.reportDaysMax - 1) * dayMs)).status).toBe(200);
  const refused = await ask(now - (limits.reportDaysMax + 1) * dayMs);
  expect([refused.status, refused.json()]).toMatchObject([
    400,
    { code: 'argument_invalid', detail: expect.stringMatching(/more than 400 days ago/) },
  ]);
});

it('begins at a full minute, so that those who ask at once are given one report', async () => {
  const minute = Math.floor(at.house.needs.now() / 60_000) * 60_000 - dayMs;
  const [one, other] = await Promise.all([ask(minute + 1_234), ask(minute + 58_765)]);
  expect(one.json().since).toBe(new Date(minute).toISOString());
  expect(other.json().since).toBe(one.json().since);
});

describe('reports of one namespace', () => {
  let nowMs = 0;
  const open: { since: string; done: () => void; fail: () => void }[] = [];
  const reports = () =>
    createReports(
      ({ since }) =>
        new Promise((resolve, reject) => {
          const done = () => resolve({ since } as InsightReport);
          open.push({ since, done, fail: () => reject(new Error('no database')) });
        }),
      { monotonic: () => nowMs },
    );
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  beforeEach(() => void open.splice(0));

  it('are put together once for all who ask for the same, and again after a moment', async () => {
    const report = reports();
    const asked = [1, 2, 3].map(() => report({ namespace: 'acme', since: 'a' }));
    await settled();
    expect(open).toHaveLength(1);
    open[0]?.done();
    expect(await Promise.all(asked)).toEqual([{ since: 'a' }, { since: 'a' }, { since: 'a' }]);
    nowMs += reportKeptMs - 1;
    await report({ namespace: 'acme', since: 'a' });
    expect(open).toHaveLength(1);
    nowMs += 1;
    void report({ namespace: 'acme', since: 'a' });
    await settled();
    expect(open).toHaveLength(2);
  });

  it('are put together one at a time, others wait in a short row, and namespaces do not wait for each other', async () => {
    const report = reports();
    const asked = Array.from({ length: reportsWaitingMax }, (_, n) =>
      report({ namespace: 'acme', since: `${n}` }),
    );
    await expect(report({ namespace: 'acme', since: 'more' })).rejects.toMatchObject({
      code: 'limit_reached',
    });
    void report({ namespace: 'beta', since: 'a' });
    await settled();
    expect(open.map(({ since }) => since)).toEqual(['0', 'a']);
    open[0]?.done();
    await asked[0];
    await settled();
    expect(open.map(({ since }) => since)).toEqual(['0', 'a', '1']);
    void report({ namespace: 'acme', since: 'more' });
  });

  it('that fail are not kept, and the next one is asked for', async () => {
    const report = reports();
    const first = report({ namespace: 'acme', since: 'a' });
    await settled();
    open[0]?.fail();
    await expect(first).rejects.toThrow('no database');
    const again = report({ namespace: 'acme', since: 'a' });
    await settled();
    open[1]?.done();
    expect(await again).toEqual({ since: 'a' });
  });
});
