import { describe, expect, it } from 'vitest';
import { call, childrenOf, hasProcesses, isRunning, open, program, textOf, until } from './upstreams.ts';

const bad = () => open(program('misbehaving.mjs'));

describe('a misbehaving upstream', { timeout: 20_000 }, () => {
  it('that hangs costs a timeout and is told that nobody waits', async () => {
    const upstream = await bad();
    expect(await call(upstream, 'hang', { timeoutMs: 50 })).toEqual({
      outcome: 'failed',
      code: 'call_timeout',
      message: 'the tool "hang" of "it" did not answer within 50 ms',
      error: undefined,
      countsAgainst: true,
    });
    expect(textOf(await call(upstream, 'received'))).toBe('["drey-1"]');
  });

  it('is told when the caller cancels, which does not count against it', async () => {
    const upstream = await bad();
    const cancel = new AbortController();
    const waiting = call(upstream, 'hang', { signal: cancel.signal });
    cancel.abort();
    expect(await waiting).toMatchObject({ outcome: 'failed', code: 'call_cancelled', countsAgainst: false });
    expect(textOf(await call(upstream, 'received'))).toBe('["drey-1"]');
    expect(await call(upstream, 'hang', { signal: cancel.signal })).toMatchObject({ code: 'call_cancelled' });
  });

  it('that dies in the middle of an answer fails its calls at once and says why it ended', async () => {
    const upstream = await bad();
    const closed = new Promise<string>((resolve) => upstream.onClosed(resolve));
    const [dying, hanging] = await Promise.all([call(upstream, 'dies_mid_answer'), call(upstream, 'hang')]);
    expect(dying).toMatchObject({ outcome: 'failed', code: 'upstream_unavailable', countsAgainst: true });
    expect(hanging).toMatchObject({ outcome: 'failed', code: 'upstream_unavailable', countsAgainst: true });
    expect(await closed).toMatch(/^it ended with code 3 .* it last said: about to die of a broken heart\)$/);
    expect(await call(upstream, 'hang')).toMatchObject({ code: 'upstream_unavailable', countsAgainst: true });
  });

  it('that answers late, twice, or for nobody changes nothing else', async () => {
    const upstream = await bad();
    expect(await call(upstream, 'late', { timeoutMs: 20 })).toMatchObject({ code: 'call_timeout' });
    expect(textOf(await call(upstream, 'twice'))).toBe('first');
    expect(textOf(await call(upstream, 'wrong_id'))).toBe('right');
    await until(() => upstream.strayAnswers === 4);
  });

  it.each(['invalid_json', 'both', 'same_id_twice'])(
    'that answers with %s fails that call only',
    async (tool) => {
      const upstream = await bad();
      expect(await call(upstream, tool)).toMatchObject({
        outcome: 'failed',
        code: 'upstream_failed',
        countsAgainst: true,
      });
      expect(textOf(await call(upstream, 'twice'))).toBe('first');
    },
  );

  it('that answers with more than a message may hold fails that call only', async () => {
    const upstream = await bad();
    expect(await call(upstream, 'huge')).toMatchObject({
      outcome: 'failed',
      message: 'the tool "huge" of "it" failed: its answer is larger than 4 MiB',
      countsAgainst: false,
    });
    expect(textOf(await call(upstream, 'large'))?.length).toBe(3 * 1024 * 1024);
  });

  it('that prints, answers in batches or byte by byte is understood', async () => {
    const upstream = await bad();
    expect(textOf(await call(upstream, 'noise'))).toBe('after the noise');
    expect(textOf(await call(upstream, 'batch'))).toBe('one of a batch');
    expect(textOf(await call(upstream, 'bytes'))).toBe('slow é');
  });

  it('that closes its output is ended', async () => {
    const upstream = await bad();
    expect(await call(upstream, 'closes_output')).toMatchObject({
      code: 'upstream_unavailable',
      countsAgainst: true,
    });
    await until(async () => !(await isRunning(upstream.pid ?? 0)));
  });

  it('may say isError, which is a result', async () => {
    expect(await call(await bad(), 'tool_error')).toEqual({
      outcome: 'finished',
      result: '{"content":[],"isError":true}',
      isError: true,
    });
  });

  it.each([
    ['refuses', false],
    ['connection_error', true],
    ['timeout_error', true],
  ])('that %s hands its own error on', async (tool, countsAgainst) => {
    const outcome = await call(await bad(), tool);
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'upstream_failed', countsAgainst });
    expect(outcome).toHaveProperty('error', expect.stringContaining('"data":1.0'));
  });

  it('that misses an ability of ours is not quoted, for the client would take it for its own', async () => {
    expect(await call(await bad(), 'capability_error')).toMatchObject({
      error: undefined,
      countsAgainst: false,
    });
  });

  it("gets our progress token and the client gets back its own, and nobody else's", async () => {
    const seen: string[] = [];
    const options = { meta: '{"progressToken":"mine"}', notify: (text: string) => seen.push(text) };
    expect(textOf(await call(await bad(), 'progress', options))).toBe('done');
    expect(seen).toEqual([
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0,"total":2,"progressToken":"mine"}}',
    ]);
  });

  it('that asks for sampling is told that there is none', async () => {
    expect(textOf(await call(await bad(), 'asks_back'))).toBe('was told -32601');
  });

  it('that cannot start is described without its secrets', async () => {
    const entry = {
      ...program('misbehaving.mjs', '--exit-at-start', '${TOKEN}'),
      env: { TOKEN: '${TOKEN}' },
    };
    const refused = open(entry, { alias: 'vault', env: { PATH: process.env['PATH'], TOKEN: 'hush-hush' } });
    await expect(refused).rejects.toThrow(
      /^the upstream "vault" did not start: it ended with code 7 \(it was run as ".*misbehaving.mjs --exit-at-start \[redacted\]"; it last said: cannot open the vault with \[redacted\]\)$/,
    );
    await expect(refused).rejects.toMatchObject({ code: 'upstream_unavailable' });
  });

  it.runIf(hasProcesses)('that crashes at every start leaves no zombie', async () => {
    const zombies = async () => (await childrenOf(process.pid)).filter(({ state }) => state === 'Z').length;
    const before = await zombies();
    for (let n = 0; n < 5; n += 1) {
      await expect(open(program('misbehaving.mjs', '--exit-at-start'))).rejects.toThrow('ended with code 7');
    }
    expect(await zombies()).toBe(before);
  });

  it('cannot be harmed by a listener or a caller that fails', async () => {
    const upstream = await bad();
    const fail = () => {
      throw new Error('not my day');
    };
    upstream.onToolsChanged(fail);
    const changed = new Promise<void>((resolve) => upstream.onToolsChanged(resolve));
    expect(textOf(await call(upstream, 'progress', { meta: '{"progressToken":1}', notify: fail }))).toBe(
      'done',
    );
    expect(textOf(await call(upstream, 'announces'))).toBe('announced');
    await changed;
    const outcome = await call(upstream, 'twice', { meta: '5' });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'body_malformed', countsAgainst: false });
  });

  it.each([
    ['is not there', { command: 'no-such-program-anywhere' }, 'the program or its folder was not found'],
    ['says nothing', program('misbehaving.mjs', '--silent'), /it did not answer within 300 ms|timed out/],
  ])('that %s is refused with a sentence', async (_title, entry, sentence) => {
    await expect(open(entry, { startTimeoutMs: 300 })).rejects.toThrow(sentence);
  });
});
