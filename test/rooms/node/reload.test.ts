/** Reading the configuration again, with real files and simulated time. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../../src/node/config/config.ts';
import { openKnownTools } from '../../../src/node/known-tools.ts';
import { watchConfig } from '../../../src/node/reload.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { createSimulatedClock } from '../actors/world.ts';

async function start(content: object = {}) {
  const folder = await temporaryFolder('drey-reload');
  onTestFinished(() => folder.remove());
  const file = join(folder.path, 'drey.json');
  const write = (now: object | string): Promise<void> =>
    writeFile(file, typeof now === 'string' ? now : JSON.stringify(now));
  await write(content);
  const clock = createSimulatedClock();
  const { log, sentences } = recordingLog();
  const applied: (readonly string[])[] = [];
  let retries = 0;
  const read = () =>
    readConfig({ env: {}, cwd: folder.path, flags: { config: file, data: folder.path }, uid: 1_000 });
  const reload = watchConfig({
    config: read(),
    read,
    clock,
    log,
    upstreams: {
      apply(configs) {
        applied.push(Object.keys(configs));
        return { added: Object.keys(configs), changed: [], removed: [] };
      },
      retry: () => void (retries += 1),
    },
  });
  onTestFinished(() => reload.stop());
  return { folder: folder.path, file, write, clock, sentences, applied, reload, retries: () => retries };
}

const one = { command: 'one' };

describe('the configuration file', () => {
  it('is read when it has changed and stands still, and not before', async () => {
    const { write, clock, applied } = await start();
    await clock.advance(5_000);
    expect(applied).toEqual([]);
    await write({ mcpServers: { one } });
    await clock.advance(500);
    await write({ mcpServers: { one, other: one } });
    await clock.advance(500);
    expect(applied).toEqual([]);
    await clock.advance(500);
    expect(applied).toEqual([['one', 'other']]);
    await clock.advance(5_000);
    expect(applied).toHaveLength(1);
  });

  it('that is broken is told once, changes nothing, and is taken when it is right again', async () => {
    const { write, clock, applied, reload, sentences } = await start();
    await write({ mcpServers: { one: { command: 'one', argv: [] } } });
    await clock.advance(3_000);
    expect(applied).toEqual([]);
    expect(reload.state().error).toContain('unknown key "argv"');
    expect(sentences.filter((sentence) => sentence.includes('is broken'))).toHaveLength(1);
    expect(() => reload.now()).toThrow('unknown key "argv"');
    await write({ mcpServers: { one } });
    await clock.advance(1_000);
    expect([applied, reload.state().error]).toEqual([[['one']], null]);
  });

  it('that was moved away is told, and taken when it is back', async () => {
    const { file, write, clock, applied, reload } = await start({ mcpServers: { one } });
    await rm(file);
    await clock.advance(1_000);
    expect(reload.state().error).toContain('cannot be read');
    await write({ mcpServers: { one, back: one } });
    await rename(file, `${file}~`);
    await rename(`${file}~`, file);
    await clock.advance(1_000);
    expect([applied, reload.state().error]).toEqual([[['one', 'back']], null]);
  });

  it('names everything that only a restart brings, and forgets it when it is as it was', async () => {
    const { write, reload, retries } = await start({ port: 7_000 });
    await write({ port: 7_001, namespace: 'acme', mcpServers: { one }, learning: { quietMs: 100 } });
    expect(reload.now()).toMatchObject({ added: ['one'], restartNeeded: ['port', 'namespace', 'learning'] });
    expect(reload.state().restartNeeded).toEqual(['port', 'namespace', 'learning']);
    await write({ port: 7_000 });
    expect(reload.now().restartNeeded).toEqual([]);
    // Who asks for it by hand wants what waits to be tried again as well.
    expect(retries()).toBe(2);
  });

  it('is looked at no more once the node stops', async () => {
    const { write, clock, applied, reload } = await start();
    reload.stop();
    await write({ mcpServers: { one } });
    await clock.advance(5_000);
    expect([applied, clock.pending]).toEqual([[], 0]);
  });
});

describe('the known tools', () => {
  it('outlive the process for the configuration under which they were told', async () => {
    const { folder } = await start();
    const { log, sentences } = recordingLog();
    const tools = [{ name: 'open', definition: { name: 'open', unknown: 1 } }];
    const known = openKnownTools({ dataFolder: folder, log });
    expect(known.read('one', one)).toBeUndefined();
    known.write('one', one, tools);
    const later = openKnownTools({ dataFolder: folder, log });
    expect(later.read('one', one)).toEqual(tools);
    expect(later.read('one', { command: 'other' })).toBeUndefined();
    await writeFile(join(folder, 'known-tools.json'), '{"one":');
    expect(openKnownTools({ dataFolder: folder, log }).read('one', one)).toBeUndefined();
    openKnownTools({ dataFolder: join(folder, 'drey.json'), log }).write('one', one, tools);
    expect(sentences).toEqual(['what upstreams told last could not be written']);
  });
});
