// An upstream that never came up: lists say that it is missing and why, and a call to one of its tools names it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toUnknownSentence } from '../../../src/actors/upstreams/unlisted.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { openKnownOffers } from '../../../src/node/known-offers.ts';
import { openKnownTools } from '../../../src/node/known-tools.ts';
import { startPassing, upstreamProgram } from '../../support/passing-gateway.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

const dead = upstreamProgram('misbehaving.mjs', '--exit-at-start');
const why = {
  upstream: 'far',
  why: expect.stringMatching(/^what the upstream "far" offers is not known yet/),
};

describe.each([
  ['the 1.x client', connectOld],
  ['the 2.x client pinned to 2026-07-28', connectNew],
] as const)('%s', (_who, connect) => {
  it('is told in every list which upstream is missing, and why', async () => {
    const at = await startPassing({ near: upstreamProgram('offering.mjs', 'near'), far: dead });
    const client = await connect(at);
    const lists = [
      await client.listTools(),
      await client.listPrompts(),
      await client.listResources(),
      await client.listResourceTemplates(),
    ];
    for (const { _meta } of lists) expect(_meta).toMatchObject({ 'drey/missing': [why] });
  });

  it('is told by a call to one of its tools which upstream is not there, and how it is', async () => {
    const at = await startPassing({ far: dead });
    const client = await connect(at);
    await expect(client.callTool({ name: 'far__anything', arguments: {} })).rejects.toThrow(
      /the upstream "far" offers is not known yet, since it is (?:failed|restarting|unhealthy)/,
    );
    await expect(client.callTool({ name: 'other__anything', arguments: {} })).rejects.toThrow(/no .*tool/);
  });
});

it('a shortened name leads to its upstream as well', async () => {
  const at = await startPassing({ a_rather_long_name_of_an_upstream: dead });
  const client = await connectOld(at);
  const name = 'a_rather_lon__a_tool_with_a_rather_long_nam_123abc';
  await expect(client.callTool({ name, arguments: {} })).rejects.toThrow(
    /"a_rather_long_name_of_an_upstream"/,
  );
});

it('a call that comes while it starts waits for it', async () => {
  const at = await startPassing(
    {
      far: {
        command: 'sh',
        args: ['-c', 'sleep 1; exec "$0" "$@"', ...toWords(upstreamProgram('echo.mjs'))],
      },
    },
    { isWaitedFor: false },
  );
  const client = await connectOld(at);
  const answer = await client.callTool({ name: 'far__tool_0', arguments: { path: 'x' } });
  expect(answer.isError ?? false).toBe(false);
});

const toWords = ({ command, args }: { command: string; args: string[] }) => [command, ...args];

it('a name that is nobody’s is told with what is not known yet', () => {
  const unlisted = Array.from({ length: 5 }, (_, n) => ({ server: `u${n}`, sentence: `u${n} is away` }));
  expect(toUnknownSentence('x')).toBe('there is no tool "x"');
  expect(toUnknownSentence('x', unlisted)).toBe(
    'there is no tool "x"; u0 is away; u1 is away; u2 is away (and 2 more)',
  );
});

describe('an upstream that was up under another node of the same data folder', () => {
  /** Until `gone` it is there; then it ends at its start. */
  const prepare = async () => {
    const { path, remove } = await temporaryFolder();
    onTestFinished(remove);
    const words = toWords(upstreamProgram('offering.mjs', 'far'));
    const far = { command: 'sh', args: ['-c', `[ -e ${path}/gone ] && exit 1; exec "$0" "$@"`, ...words] };
    const place = { dataFolder: path, log: quietLog };
    const known = openKnownTools(place);
    const lists = async (isRemembering: boolean) => {
      const knownOffers = isRemembering ? openKnownOffers(place) : undefined;
      const at = await startPassing({ far }, { known, ...(knownOffers ? { knownOffers } : {}) });
      const client = await connectOld(at);
      const list = async () => ({
        tools: await client.listTools(),
        prompts: await client.listPrompts(),
        resources: await client.listResources(),
        templates: await client.listResourceTemplates(),
      });
      return { at, list };
    };
    return { lists, leave: () => writeFileSync(join(path, 'gone'), '') };
  };

  it('keeps all it offered while it is away, marked as stale in every list', async () => {
    const { lists, leave } = await prepare();
    const first = await lists(true);
    const before = await first.list();
    await first.at.close();
    leave();
    const now = await (await lists(true)).list();
    for (const [name, { _meta, ...list }] of Object.entries(now)) {
      expect(_meta).toEqual({ 'drey/stale': ['far'] });
      const { _meta: _fresh, ...known } = before[name as keyof typeof before];
      expect(list).toEqual(known);
    }
  });

  it('is missed where only its tools are known', async () => {
    const { lists, leave } = await prepare();
    const { at } = await lists(false);
    await at.close();
    leave();
    const { tools, prompts, resources } = await (await lists(false)).list();
    expect(tools._meta).toEqual({ 'drey/stale': ['far'] });
    for (const { _meta } of [prompts, resources]) {
      const unknown = expect.stringMatching(
        /^what else than tools the upstream "far" offers is not known yet/,
      );
      expect(_meta).toEqual({ 'drey/missing': [{ upstream: 'far', why: unknown }] });
    }
  });

  it('whose tools went stale says so in the list until it is back', async () => {
    const at = await startPassing({ near: upstreamProgram('offering.mjs', 'near') });
    const client = await connectOld(at);
    expect((await client.listTools())._meta).toBeUndefined();
    await client.callTool({ name: 'near__die', arguments: {} }).catch(() => undefined);
    await until('it is said', async () => {
      const { _meta } = await client.listTools();
      return JSON.stringify(_meta) === '{"drey/stale":["near"]}';
    });
    await until('it is back', async () => (await client.listTools())._meta === undefined);
  });
});
