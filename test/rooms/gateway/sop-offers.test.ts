// Learned procedures as prompts, resources and Agent Skills, seen by real clients of both eras.
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RankedSop } from '../../../src/gateway/gateway.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
let isAway = false;
let listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((heard) => heard());
beforeEach(async () => {
  isAway = false;
  listeners = new Set();
  at = await startGateway((needs) => ({
    ...needs,
    sops: {
      ...needs.sops,
      list: async (question) => {
        if (isAway) throw new Error('the database is away');
        return needs.sops.list(question);
      },
      onChanged: (heard) => {
        listeners.add(heard);
        return () => void listeners.delete(heard);
      },
    },
  }));
  at.house.sops = [deploy];
});
afterEach(() => at.close());

const [first, second] = sampleSop().procedure;
/** It needs a version and, at an optional step, a place. */
const deploy: RankedSop = sampleSop({
  procedure: [
    { ...(first ?? never()), args: { version: { from: 'task', selector: 'number 1', support: 1 } } },
    {
      ...(second ?? never()),
      optional: true,
      args: {
        'to/place': { from: 'ask', support: 0.5 },
        again: { from: 'task', selector: 'number 1', support: 1 },
      },
    },
  ],
});
const prompt = 'sop__deploy_the_service_';
const uri = 'sop://default/p-1';

function never(): never {
  throw new Error('the sample has two steps');
}

describe.each([
  ['the 1.x client', connectOld],
  ['the 2.x client pinned to 2026-07-28', connectNew],
] as const)('%s', (_who, connect) => {
  it('sees an active procedure as a prompt, and gets it with its values', async () => {
    const client = await connect(at);
    const { prompts } = await client.listPrompts();
    expect(prompts).toMatchObject([
      {
        name: expect.stringMatching(new RegExp(`^${prompt}[0-9a-f]{6}$`)),
        title: 'deploy the service',
        arguments: [
          { name: 'version', required: true },
          { name: 'to_place', required: false },
        ],
      },
    ]);
    const name = prompts[0]?.name ?? '';
    const { messages } = await client.getPrompt({ name, arguments: { version: '1.2"\n' } });
    const text = messages[0]?.content.type === 'text' ? messages[0].content.text : '';
    expect(text).toContain('1. Read the manifest with fs__read.\n2. Write the release with fs__write.');
    expect(text).toContain('- version: "1.2\\"\\n"');
    expect(text).not.toContain('to_place');
    expect(text).toContain('- fs__write failed 2 times; fs__mkdir helped');
    expect(at.house.injections).toMatchObject([{ sops: [{ sopId: 'p-1' }], principal: 'local' }]);
    await expect(client.getPrompt({ name })).rejects.toMatchObject({
      code: -32_602,
      message: expect.stringContaining('params.arguments.version'),
    });
  });

  it('reads it as a resource, in Markdown and for programs', async () => {
    const client = await connect(at);
    const { resources } = await client.listResources();
    expect(resources).toMatchObject([{ uri, mimeType: 'text/markdown' }]);
    const { contents } = await client.readResource({ uri });
    expect(contents.map(({ mimeType }) => mimeType)).toEqual(['text/markdown', 'application/json']);
    const { contents: json } = await client.readResource({ uri: `${uri}.json` });
    expect(json).toEqual([contents[1]]);
    const text = json[0] !== undefined && 'text' in json[0] ? json[0].text : '';
    expect(JSON.parse(text)).toMatchObject({ sop_id: 'p-1', trigger: 'deploy the service' });
    await expect(client.readResource({ uri: 'sop://default/none' })).rejects.toThrow('there is no resource');
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([{ uriTemplate: 'sop://{namespace}/{id}' }]);
  });

  it('sees the last known procedures while the database is away', async () => {
    const client = await connect(at);
    const before = await client.listPrompts();
    isAway = true;
    const after = await client.listPrompts();
    expect(after.prompts).toEqual(before.prompts);
    expect(after._meta?.['drey/stale']).toEqual(['drey']);
  });

  it('completes nothing for them, and fails for nobody', async () => {
    const client = await connect(at);
    const [listed] = (await client.listPrompts()).prompts;
    const ref = { type: 'ref/prompt', name: listed?.name ?? '' } as const;
    const { completion } = await client.complete({ ref, argument: { name: 'version', value: '' } });
    expect(completion.values).toEqual([]);
  });
});

describe('Agent Skills', () => {
  it('are announced, listed and got with digests that hold', async () => {
    const client = await connectNew(at);
    expect(client.getServerCapabilities()?.extensions).toEqual({ 'io.modelcontextprotocol/skills': {} });
    const theirs = new SkillsClient(client);
    const { skills, invalid } = await theirs.list();
    expect(invalid).toEqual([]);
    const [skill] = skills;
    if (skill === undefined) throw new Error('there is no skill');
    expect(skill.uri).toMatch(/^skill:\/\/default\/deploy-the-service-[0-9a-f]{6}\/SKILL\.md$/);
    expect(skill.frontmatter).toMatchObject({
      name: skill.uri.split('/')[3],
      description: 'Learned procedure for: deploy the service (80 % confidence, 4 successful tasks)',
    });
    expect(await theirs.read(skill)).toMatchObject({
      verified: true,
      body: expect.stringContaining('## Steps'),
    });
    expect(await theirs.read(skill, 'references/procedure.json')).toMatchObject({
      verified: true,
      text: expect.stringContaining('"sop_id": "p-1"'),
    });
    expect((await theirs.get(skill.uri)).skill).toEqual(skill);
    await expect(theirs.get('skill://default/none/SKILL.md')).rejects.toMatchObject({ code: -32_602 });
  });

  it('are there for clients of the older era as well', async () => {
    const client = await connectOld(at);
    const anything = {
      parse: (value: unknown) => value,
      safeParse: (data: unknown) => ({ success: true, data }),
    };
    const { skills } = (await client.request({ method: 'skills/list' }, anything as never)) as {
      skills: unknown[];
    };
    expect(skills).toHaveLength(1);
  });
});

describe('procedures of another namespace', () => {
  it('are not shown to a principal who may not name it', async () => {
    at.house.sops = [deploy, sampleSop({ sopId: 'p-2', namespace: 'acme' })];
    const ann = await connectNew(at, { token: 'ann' });
    await expect(ann.readResource({ uri })).rejects.toThrow('you may only use your own namespace');
    expect((await ann.readResource({ uri: 'sop://acme/p-2' })).contents).toHaveLength(2);
  });
});

describe('a procedure that is watched', () => {
  it('is told of when it has another version, and not when another one has', async () => {
    at.house.sops = [deploy, sampleSop({ sopId: 'p-2' })];
    const heard: string[] = [];
    const client = await connectOld(at, {
      prepare: (made) =>
        made.setNotificationHandler(
          ResourceUpdatedNotificationSchema,
          ({ params }) => void heard.push(params.uri),
        ),
    });
    await client.subscribeResource({ uri });
    at.house.sops = [deploy, sampleSop({ sopId: 'p-2', version: 9 })];
    tell();
    at.house.sops = [{ ...deploy, version: 8 }, sampleSop({ sopId: 'p-2', version: 9 })];
    await until('it hears', () => {
      tell();
      return heard.length > 0;
    });
    expect(heard).toEqual([uri]);
    await client.unsubscribeResource({ uri });
    await expect(client.subscribeResource({ uri: 'sop://default/none' })).rejects.toThrow(
      'there is no resource',
    );
  });

  it('is one of its own namespace', async () => {
    at.house.sops = [deploy];
    const ann = await connectOld(at, { token: 'ann' });
    await expect(ann.subscribeResource({ uri })).rejects.toThrow('there is no resource');
  });
});

it('clients hear that procedures changed', async () => {
  const heard: string[] = [];
  const changed = (list: string) => ({
    autoRefresh: false,
    debounceMs: 0,
    onChanged: () => void heard.push(list),
  });
  const listChanged = { prompts: changed('prompts'), resources: changed('resources') };
  await connectNew(at, { options: { listChanged } });
  tell();
  await until('it hears', () => heard.includes('prompts') && heard.includes('resources'));
});
