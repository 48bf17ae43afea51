/**
 * The NATS CLI against a running node, as src/README.md says: its very lines are read out of it and run. Where there is no
 * `nats`, all of it is skipped and the title says so.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNatsCli, natsCliPlaces, runLine } from '../support/nats-cli.ts';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilHealthy } from './rig/status.ts';

const nats = await findNatsCli();
const where = nats === undefined ? ` (skipped: there is none in ${natsCliPlaces})` : '';

/** The commands of the README's section, in order. */
function readCommands(): string[] {
  const text = readFileSync(join(packageRoot, 'src/README.md'), 'utf8');
  const [, section = ''] = text.split('## Watching with the NATS CLI');
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(/^\$ (.+)$/gm)].map((match) => match[1] ?? '');
}

describe.skipIf(nats === undefined)(`the NATS CLI beside a node${where}`, () => {
  let place: Place;
  let node: NodeProcess;
  let env: Record<string, string | undefined>;
  const commands = readCommands();
  /** The README's line that begins so, about the session of this run. */
  const toLine = async (beginning: string): Promise<string> => {
    const found = commands.filter((command) => command.startsWith(beginning));
    expect(found).toHaveLength(1);
    return (found[0] ?? '').replace(/s-[0-9a-f-]{36}/, await findSession());
  };
  const findSession = async (): Promise<string> => {
    const { text } = await runLine(`nats stream subjects DREY_EVENTS 'drey.event.default.session.>'`, env);
    return /session\.(s-[0-9a-f-]{36})\.session\.opened/.exec(text)?.[1] ?? 'none';
  };

  beforeAll(async () => {
    place = await createPlace({
      mcpServers: {
        echo: { command: process.execPath, args: [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')] },
      },
    });
    node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env: place.env });
    const agent = await connectOld(node.url);
    await agent.call('echo__tool_0', { path: 'a0' });
    // The learner takes a while to come up, so the calls lie apart in time.
    await untilHealthy(node);
    await agent.call('echo__tool_0', { path: 'a1' });
    await agent.call('echo__tool_0', { path: 'a2' });
    await agent.close();
    const { stdout } = await runDrey(place, ['status', '--json', '--data', place.dataFolder]);
    const status = JSON.parse(stdout) as { nats: { url: string; context: string } };
    env = {
      ...place.env,
      PATH: `${dirname(nats ?? '')}:${place.env['PATH'] ?? ''}`,
      NATS_CONTEXT: status.nats.context,
    };
    await until('the end of the session is stored', async () => {
      const { text } = await runLine(`nats stream subjects DREY_EVENTS 'drey.event.default.session.>'`, env);
      return text.includes('session.closed');
    });
  });
  afterAll(async () => {
    await node.stop();
    await place.remove();
  });

  it('is told address and token by a file for the node’s own user; the status itself tells no secret', async () => {
    const { stdout } = await runDrey(place, ['status', '--json', '--data', place.dataFolder]);
    const status = JSON.parse(stdout) as { nats: { url: string; context: string } };
    const context = JSON.parse(readFileSync(status.nats.context, 'utf8')) as { url: string; token: string };
    expect(statSync(status.nats.context).mode & 0o777).toBe(0o600);
    expect(status.nats.url).toBe(context.url);
    expect(stdout).not.toContain(context.token);
    expect(commands).toContain('export NATS_CONTEXT=$(drey status --json | jq -r .nats.context)');
  });

  it('counts the subjects', async () => {
    const { code, text } = await runLine(await toLine('nats stream subjects'), env);
    expect([code, text]).toEqual([0, expect.stringMatching(/call\.finished\s*│ 3/)]);
  });

  it('pages through the stream in a terminal', async () => {
    const { code, text } = await runLine(await toLine('nats stream view'), env, true);
    expect(code).toBe(0);
    expect(text).toMatch(/Subject: drey\.event\.default\.session\.s-[0-9a-f-]+\.session\.opened Received: /);
    expect(text).toContain('"type":"session.closed"');
    expect(text).toContain('Reached apparent end of data');
  });

  it('shows one session from the beginning', async () => {
    const { code, text } = await runLine(await toLine('nats sub --stream'), env);
    expect(code).toBe(0);
    const types = [...text.matchAll(/^\{"id":"[^"]+","type":"([a-z.]+)"/gm)].map((match) => match[1]);
    expect(types).toEqual([
      'session.opened',
      'call.finished',
      'call.finished',
      'call.finished',
      'session.closed',
    ]);
  });

  it('replays at the speed at which it happened', async () => {
    const added = await runLine(await toLine('nats consumer add'), env);
    expect([added.code, added.text]).toEqual([0, expect.stringMatching(/Replay Policy: Original/)]);
    const { code, text, elapsedMs } = await runLine(await toLine('nats consumer next'), env);
    expect(code).toBe(0);
    const times = [...text.matchAll(/^\{"id":"[^"]+","type":"[a-z.]+","at":"([^"]+)"/gm)].map((match) =>
      Date.parse(match[1] ?? ''),
    );
    expect(times).toHaveLength(5);
    expect(elapsedMs).toBeGreaterThan(((times.at(-1) ?? 0) - (times[0] ?? 0)) * 0.9);
  });
});
