/** OAuth towards hosted upstreams, against a real authorization server in front of a real MCP server. */
import { randomUUID } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openVault } from '../../../src/node/vault.ts';
import { authorizeUpstream, openUpstream, parseUpstreamConfig } from '../../../src/upstream/upstream.ts';
import type { Upstream, Vault } from '../../../src/upstream/upstream.ts';
import { startOAuthServer } from '../../support/oauth-server.ts';
import type { OAuthServer, OAuthServerOptions } from '../../support/oauth-server.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { call, quietLog, textOf, until } from './upstreams.ts';

interface Place {
  readonly server: OAuthServer;
  readonly vault: Vault;
  readonly folder: string;
  readonly entry: Record<string, unknown>;
}

async function start(options: OAuthServerOptions = {}, entry: object = {}): Promise<Place> {
  const [server, folder] = await Promise.all([startOAuthServer(options), temporaryFolder('drey-auth')]);
  onTestFinished(async () => {
    await server.close();
    await folder.remove();
  });
  return {
    server,
    vault: openVault(folder.path),
    folder: folder.path,
    entry: { url: server.mcpUrl, ...entry },
  };
}

/** The person's browser: it goes where it is told and follows where it is sent. */
const browse = (address: string): void => void fetch(address).then((page) => page.text());

const authorize = (
  { vault, entry }: Pick<Place, 'vault' | 'entry'>,
  extra: Partial<Parameters<typeof authorizeUpstream>[0]> = {},
): Promise<void> =>
  authorizeUpstream({
    alias: 'tickets',
    config: parseUpstreamConfig('tickets', entry),
    env: {},
    vault,
    now: Date.now,
    show: browse,
    timeoutMs: 10_000,
    ...extra,
  });

async function open({ vault, entry }: Pick<Place, 'vault' | 'entry'>, principal?: string): Promise<Upstream> {
  const upstream = await openUpstream({
    alias: 'tickets',
    config: parseUpstreamConfig('tickets', entry),
    clientInfo: { name: 'drey-test', version: '0' },
    log: quietLog,
    env: {},
    vault,
    principal,
    startTimeoutMs: 10_000,
    callTimeoutMs: 10_000,
  });
  onTestFinished(() => upstream.close());
  return upstream;
}

describe('an upstream that asks for authorization', () => {
  it.each(['legacy', 'auto'] as const)('is shut until a person lets us in, in era %s', async (era) => {
    const place = await start({}, { era });
    await expect(open(place)).rejects.toMatchObject({
      code: 'upstream_unauthorized',
      message: 'the upstream "tickets" needs authorization: run "drey auth tickets"',
    });
    await authorize(place);
    expect(place.server.asked).toEqual(['register', 'authorize', 'token authorization_code']);
    expect(place.server.lastAuthorize?.get('resource')).toBe(place.server.mcpUrl);
    const upstream = await open(place);
    expect(textOf(await call(upstream, 'greet'))).toBe('hello');
  });

  it('is opened with a client id that was given, and no registration', async () => {
    const known = { id: 'drey', secret: `secret-${randomUUID()}` };
    const place = await start({ known }, { oauth: { clientId: known.id, clientSecret: known.secret } });
    await authorize(place);
    expect(place.server.asked).toEqual(['authorize', 'token authorization_code']);
    expect(textOf(await call(await open(place), 'greet'))).toBe('hello');
  });

  it('gets fresh tokens before they run out', async () => {
    const place = await start({ tokenSeconds: 1 });
    await authorize(place);
    const upstream = await open(place);
    const refreshed = (): number =>
      place.server.asked.filter((what) => what === 'token refresh_token').length;
    const before = refreshed();
    await until(() => refreshed() >= before + 2);
    expect(textOf(await call(upstream, 'greet'))).toBe('hello');
  });

  it('refuses a token once: many calls wait for one refresh and are sent again', async () => {
    const place = await start();
    await authorize(place);
    const [upstream, other] = await Promise.all([open(place), open(place)]);
    place.server.revoke();
    place.server.asked.length = 0;
    const outcomes = await Promise.all([upstream, other, upstream, other].map((one) => call(one, 'greet')));
    expect(outcomes.map(textOf)).toEqual(['hello', 'hello', 'hello', 'hello']);
    // Refresh tokens are good for one refresh: two connections did not race with the same one.
    expect(place.server.asked).toEqual(['token refresh_token']);
    // What was refreshed is kept: the next start needs nobody.
    expect(textOf(await call(await open(place), 'greet'))).toBe('hello');
  });

  it('says so when what it granted is worth nothing any more', async () => {
    const place = await start();
    await authorize(place);
    const upstream = await open(place);
    const closed: string[] = [];
    upstream.onClosed((why) => closed.push(why));
    place.server.revoke('grants');
    expect(await call(upstream, 'greet')).toMatchObject({
      outcome: 'failed',
      code: 'upstream_unauthorized',
      message: expect.stringContaining('needs authorization'),
    });
    expect(closed).toEqual([expect.stringContaining('run "drey auth tickets"')]);
    await expect(open(place)).rejects.toMatchObject({ code: 'upstream_unauthorized' });
    await authorize(place);
    expect(textOf(await call(await open(place), 'greet'))).toBe('hello');
  });

  it('says when it asks for more, and is granted that on top of what it had', async () => {
    const place = await start({ callScope: 'tickets:write' }, { oauth: { scope: 'tickets:read' } });
    await authorize(place);
    expect(place.server.lastAuthorize?.get('scope')).toBe('tickets:read');
    const upstream = await open(place);
    expect(await call(upstream, 'greet')).toMatchObject({
      outcome: 'failed',
      code: 'upstream_unauthorized',
      message: expect.stringContaining('more than it was granted: run "drey auth tickets"'),
      // A breaker that opened would shut what may still be called.
      countsAgainst: false,
    });
    await authorize(place);
    expect(place.server.lastAuthorize?.get('scope')).toBe('tickets:read tickets:write');
    expect(textOf(await call(await open(place), 'greet'))).toBe('hello');
    expect(place.vault.names()).toEqual(['tickets']);
  });

  it('is not sent a token that was granted for another address', async () => {
    const place = await start();
    await authorize(place);
    const other = await start();
    await expect(open({ vault: place.vault, entry: other.entry })).rejects.toMatchObject({
      code: 'upstream_unauthorized',
    });
  });

  it('has a grant of its own for each principal where it is configured so', async () => {
    const place = await start({}, { credentials: 'principal' });
    await authorize(place, { principal: 'ann' });
    expect(place.vault.names()).toEqual(['tickets for ann']);
    expect(textOf(await call(await open(place, 'ann'), 'greet'))).toBe('hello');
    await expect(open(place, 'bob')).rejects.toMatchObject({ code: 'upstream_unauthorized' });
  });
});

describe('an authorization', () => {
  it('that is denied says what the server said', async () => {
    const place = await start({ consent: 'denied' });
    await expect(authorize(place)).rejects.toMatchObject({
      code: 'upstream_unauthorized',
      message: expect.stringContaining('access_denied'),
    });
    expect(place.vault.names()).toEqual([]);
  });

  it('with a state that is not ours is not taken', async () => {
    const place = await start({ consent: 'forged' });
    await expect(authorize(place, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'call_timeout' });
    expect(place.server.asked).toEqual(['register', 'authorize']);
  });

  it('is not begun for what does not ask for it', async () => {
    const place = await start();
    const program = { ...place, entry: { command: 'x' } };
    await expect(authorize(program)).rejects.toThrow('is a program');
    const nowhere = { ...place, entry: { url: place.server.mcpUrl.replace('/mcp', '/other') } };
    await expect(authorize(nowhere)).rejects.toThrow('it answered 404, not 401');
  });
});

describe('the vault', () => {
  it('keeps secrets encrypted, for its own user, under their names', async () => {
    const { folder, vault } = await start();
    expect([vault.read('a'), vault.names(), vault.remove('a')]).toEqual([undefined, [], false]);
    vault.write('a', 'hush-hush');
    vault.write('b', 'other');
    vault.write('a', 'hush again');
    expect([vault.read('a'), vault.read('b'), vault.names()]).toEqual(['hush again', 'other', ['a', 'b']]);
    expect(openVault(folder).read('a')).toBe('hush again');
    const files = await readdir(join(folder, 'secrets'));
    expect(files).toHaveLength(3);
    for (const file of files) {
      const path = join(folder, 'secrets', file);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).not.toMatch(/hush|other/);
    }
    expect([vault.remove('b'), vault.names()]).toEqual([true, ['a']]);
  });

  it('takes no file for another, and no damaged one', async () => {
    const { folder, vault } = await start();
    vault.write('a', 'first');
    const [a = ''] = (await readdir(join(folder, 'secrets'))).filter((file) => file !== 'key');
    vault.write('b', 'second');
    const [b = ''] = (await readdir(join(folder, 'secrets'))).filter((file) => file !== 'key' && file !== a);
    await writeFile(join(folder, 'secrets', b), await readFile(join(folder, 'secrets', a)));
    expect(vault.read('b')).toBeUndefined();
    await writeFile(join(folder, 'secrets', a), '{"v":1}');
    expect([vault.read('a'), vault.names()]).toEqual([undefined, []]);
    await writeFile(join(folder, 'secrets', 'key'), 'short');
    expect(() => vault.read('a')).toThrow('is damaged');
  });
});
