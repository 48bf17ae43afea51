// The OpenAPI document: valid, complete, made of what checks.
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCodes } from '../../../machines/words/errors.ts';
import { toOpenApi, toOperationId } from '../../../src/gateway/rest/openapi.ts';
import { resources } from '../../../src/gateway/rest/rest.ts';
import { startGateway } from '../../support/gateway-server.ts';
import { readDocument } from '../../support/documented.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  at.send({ method: 'GET', path: `/api/v1${path}`, headers });

describe('the document', () => {
  it('is OpenAPI 3.1, as a validator sees it', async () => {
    const document = (await get('/openapi.json')).json();
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    expect(errors ?? []).toEqual([]);
    expect([valid, validator.version, document.openapi]).toEqual([true, '3.1', '3.1.1']);
  });

  it('would not be, were a response missing (the validator looks)', async () => {
    const document = toOpenApi(resources, '1') as { readonly paths: Readonly<Record<string, object>> };
    const wrong = { get: { responses: {}, parameters: [{ name: 'x' }] } };
    const broken = { ...document, paths: { ...document.paths, '/status': wrong } };
    expect((await new Validator().validate(structuredClone(document))).valid).toBe(true);
    expect((await new Validator().validate(structuredClone(broken))).valid).toBe(false);
  });

  it('names every resource once, with its scope', async () => {
    const document = (await get('/openapi.json')).json();
    const told = Object.entries<Record<string, { operationId: string; security: { bearer?: string[] }[] }>>(
      document.paths,
    ).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { operationId, security }]) =>
        [method.toUpperCase(), path, operationId, security[0]?.bearer?.[0]].join(' '),
      ),
    );
    expect(told.toSorted()).toEqual(
      resources
        .map((one) =>
          [one.method, one.path.replace(/:(\w+)/g, '{$1}'), toOperationId(one), one.scope].join(' '),
        )
        .toSorted(),
    );
    expect(new Set(resources.map(toOperationId)).size).toBe(resources.length);
  });

  it('leads every reference somewhere', async () => {
    const { text, json } = await get('/openapi.json');
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, place = '']) => place.split('/'));
    expect(references.length).toBeGreaterThan(resources.length);
    for (const place of references) {
      let found: unknown = json();
      for (const step of place) found = Reflect.get(found as object, step);
      expect(found, place.join('/')).toBeTypeOf('object');
    }
  });

  it('is kept by answers, and says where one does not keep it', async () => {
    const documented = readDocument((await get('/openapi.json')).json());
    const check = async (path: string, change = (text: string) => text) => {
      const { status, headers, text } = await get(path);
      const type = headers['content-type'] ?? '';
      return documented.check({ method: 'GET', path, status, type, text: change(text) });
    };
    expect(await check('/learning')).toEqual([]);
    expect(await check('/sops/p-3')).toEqual([]);
    expect(documented.met).toEqual(new Set(['getLearning']));
    expect(await check('/learning', (text) => text.replace('"running"', '"well"'))).toEqual([
      expect.stringContaining('/engine_status must be equal to one of the allowed values'),
    ]);
    expect(await check('/learning', (text) => text.replace('{', '{"secret":1,'))).toEqual([
      expect.stringContaining('must NOT have additional properties'),
    ]);
    expect(await check('/nothing')).toEqual(['GET /nothing is not documented']);
  });

  it('needs what other requests need', async () => {
    expect((await get('/openapi.json', { authorization: 'Bearer nobody' })).status).toBe(401);
    expect((await get('/openapi.json', { authorization: 'Bearer ann' })).status).toBe(200);
  });
});

describe.each(resources.map((one) => [`${one.method} ${one.path}`, one] as const))('%s', (_what, one) => {
  it('says what it takes and what it answers', () => {
    expect(one.docs?.summary).toMatch(/^[A-Z].{5,100}[^.]$/);
    expect(one.docs?.answer !== undefined || one.docs?.answerType !== undefined).toBe(true);
  });

  it('shows an example that its own schema takes', () => {
    const { body, example } = one.docs ?? {};
    expect(example === undefined || body?.safeParse(example).success).toBe(true);
  });
});

describe('problems', () => {
  it('have a type that tells what the code means', async () => {
    const refused = (await get('/sops/p-3')).json();
    expect(refused).toMatchObject({ type: '/api/v1/problems/sop_unknown', code: 'sop_unknown' });
    const told = await at.send({ method: 'GET', path: refused.type });
    expect([told.status, told.json()]).toEqual([
      200,
      {
        type: '/api/v1/problems/sop_unknown',
        code: 'sop_unknown',
        kind: 'not_found',
        status: 404,
        retry: 'never',
      },
    ]);
  });

  it('are all listed', async () => {
    const { problems } = (await get('/problems')).json();
    expect(problems.map(({ code }: { code: string }) => code)).toEqual(Object.keys(errorCodes));
    expect((await get('/problems/constructor')).status).toBe(404);
  });
});
