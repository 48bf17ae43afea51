import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { UpstreamConfig, parseUpstreamConfig, redact, resolveConfig } from '../../../src/upstream/config.ts';

describe('the configuration of an upstream', () => {
  it('is what MCP clients write, plus our own keys', () => {
    const program = { command: 'npx', args: ['-y', 'files'], env: { A: 'b' }, cwd: '/tmp', timeoutMs: 5_000 };
    expect(parseUpstreamConfig('files', program)).toEqual(program);
    const address = {
      type: 'http',
      url: 'http://127.0.0.1:1/mcp',
      headers: { a: 'b' },
      tools: { deny: ['x'] },
    };
    expect(parseUpstreamConfig('web', address)).toEqual(address);
  });

  it.each([
    [
      { command: 'x', arg: [] },
      'has the unknown key "arg"; allowed are type, command, args, env, envAllow, cwd, start, idleStopMs,',
    ],
    [
      { url: 'http://x', header: {} },
      'has the unknown key "header"; allowed are type, url, headers, oauth, start, idleStopMs,',
    ],
    [{ command: 'x', tools: { only: [] } }, 'has the unknown key "only" in "tools"; allowed are allow, deny'],
    [
      { command: 'x', breaker: { rate: 1 } },
      'has the unknown key "rate" in "breaker"; allowed are windowSize,',
    ],
    [{ url: 'http://x', oauth: { id: '' } }, 'has the unknown key "id" in "oauth"; allowed are clientId,'],
    [{ command: 'x', oauth: {} }, 'has the unknown key "oauth"; allowed are type, command'],
    [{ command: 'x', start: 'later' }, 'has a wrong "start"'],
    [{ command: 'x', envAllow: ['A B'] }, 'has a wrong "envAllow.0": write a variable'],
    [{}, 'has neither "command" and "url"'],
    [{ command: 'x', url: 'http://x' }, 'has both "command" and "url"'],
    [{ url: 'ftp://x' }, 'has a wrong "url"'],
    [{ command: 'x', timeoutMs: -1 }, 'has a wrong "timeoutMs"'],
    [null, 'the upstream "files" has neither'],
  ])('refuses %j and names what is wrong', (entry, sentence) => {
    expect(() => parseUpstreamConfig('files', entry)).toThrow(sentence);
  });

  it('says the same inside a larger configuration', () => {
    const File = z.strictObject({ mcpServers: z.record(z.string(), UpstreamConfig) });
    const issues = File.safeParse({ mcpServers: { files: { command: 'x', arg: [] } } }).error?.issues;
    expect(issues).toMatchObject([
      {
        path: ['mcpServers', 'files'],
        message: expect.stringContaining('has the unknown key "arg"; allowed are'),
      },
    ]);
  });

  it('expands variables in strings and remembers what they brought in', () => {
    const config = parseUpstreamConfig('web', {
      url: 'http://${HOST}:${env:PORT}/mcp',
      headers: { Authorization: 'Bearer ${TOKEN}', lang: '${LANGUAGE:-english}' },
    });
    const env = { HOST: 'localhost', PORT: '80', TOKEN: 'hush-hush' };
    const { config: resolved, secrets } = resolveConfig('web', config, env);
    expect(resolved).toEqual({
      url: 'http://localhost:80/mcp',
      headers: { Authorization: 'Bearer hush-hush', lang: 'english' },
    });
    expect(redact('the token hush-hush and Bearer hush-hush', secrets)).toBe(
      'the token [redacted] and [redacted]',
    );
  });

  it('names the variable that is missing', () => {
    const config = parseUpstreamConfig('files', { command: 'x', env: { KEY: '${NOT_THERE}' } });
    expect(() => resolveConfig('files', config, {})).toThrow(
      'the upstream "files" uses ${NOT_THERE}, but the environment variable NOT_THERE is not set',
    );
  });
});
