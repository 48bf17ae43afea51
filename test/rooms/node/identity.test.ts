/** What a node leaves in its data folder: its address and its token. */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readOrMakeToken, removeAddress, writeAddress } from '../../../src/node/identity.ts';
import { version } from '../../../src/node/version.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function open(): Promise<string> {
  const folder = await temporaryFolder('drey-identity');
  onTestFinished(() => folder.remove());
  return folder.path;
}

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

describe('the token', () => {
  it('is made once, is long, and belongs to its user alone', async () => {
    const folder = await open();
    const token = await readOrMakeToken(folder);
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(await modeOf(join(folder, 'token'))).toBe(0o600);
    expect(await readOrMakeToken(folder)).toBe(token);
    expect(await readOrMakeToken(await open())).not.toBe(token);
  });

  it('is taken from others when they could read it', async () => {
    const folder = await open();
    const token = await readOrMakeToken(folder);
    await chmod(join(folder, 'token'), 0o644);
    expect(await readOrMakeToken(folder)).toBe(token);
    expect(await modeOf(join(folder, 'token'))).toBe(0o600);
  });

  it('is made anew when a crash left half of it', async () => {
    const folder = await open();
    await writeFile(join(folder, 'token'), 'half', { mode: 0o644 });
    expect((await readOrMakeToken(folder)).length).toBeGreaterThanOrEqual(32);
    expect(await modeOf(join(folder, 'token'))).toBe(0o600);
  });
});

describe('the address', () => {
  it('is written whole and taken away again', async () => {
    const folder = await open();
    const address = { url: 'http://127.0.0.1:1', pid: 7, version };
    await writeAddress(folder, address);
    expect(JSON.parse(await readFile(join(folder, 'node.json'), 'utf8'))).toEqual(address);
    await removeAddress(folder);
    await removeAddress(folder);
    await expect(stat(join(folder, 'node.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the version', () => {
  it("is that of this package's own package.json", async () => {
    const own: unknown = JSON.parse(
      await readFile(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(own).toMatchObject({ name: 'drey', version });
  });
});
