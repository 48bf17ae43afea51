/** The tree keeps the laws of the house, and each law can be broken: the checkers are shown failing on tiny trees. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../machines/words/errors.ts';
import {
  checkCycles,
  checkDoors,
  checkErrorCodes,
  checkFloors,
  checkHeaders,
  checkLeftovers,
  checkLengths,
  checkNames,
  checkNodeFloor,
  checkPurity,
  checkReadmes,
  checkResolved,
  checkThirdParties,
  checkTopLevel,
  toReport,
} from '../support/house.ts';
import type { Law, Tree } from '../support/house.ts';
import { toImports, toSourceText } from '../support/source-text.ts';

const root = new URL('../..', import.meta.url).pathname;
const notText = /\.(?:png|jpg|gif|ico|woff2?|gz|tgz|zip|wasm|tsbuildinfo)$/;

/** Every file of the repository but what is installed or built. */
function readTree(): Tree {
  const tree = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (['node_modules', 'dist', 'coverage', '.git'].includes(entry.name)) continue;
      if (entry.isDirectory()) walk(path);
      // Of a picture only the name counts.
      else if (entry.isFile())
        tree.set(path, notText.test(path) ? '' : readFileSync(join(root, path), 'utf8'));
    }
  };
  walk('');
  return tree;
}

const laws: readonly (readonly [string, Law])[] = [
  ['imports go down only, and never between rooms on one floor', checkFloors],
  ['a room is entered by its door', checkDoors],
  ['imports lead to files', checkResolved],
  ['third parties stay in their rooms', checkThirdParties],
  ['there are no cycles', checkCycles],
  ['no file is longer than 300 lines', checkLengths],
  ['files are named after their job', checkNames],
  ['pure rooms know no clock, no chance and no I/O', checkPurity],
  ['nothing is used that Node 20.19 has not', checkNodeFloor],
  ['every file says what it is', checkHeaders],
  ['nothing is left for later and no test is switched off', checkLeftovers],
];

describe('the house', () => {
  const tree = readTree();
  const { scripts } = JSON.parse(tree.get('package.json') ?? '{}') as { scripts: Record<string, string> };

  it('has nothing at the top but what belongs there', () => {
    expect(toReport(checkTopLevel(readdirSync(root)))).toEqual([]);
  });

  it.each(laws)('keeps its law: %s', (_, law) => {
    expect(toReport(law(tree))).toEqual([]);
  });

  it('explains every error code in infra/README.md', () => {
    expect(toReport(checkErrorCodes(tree, Object.keys(errorCodes)))).toEqual([]);
  });

  it('has a README at each door, whose scripts and links exist', () => {
    expect(toReport(checkReadmes(tree, Object.keys(scripts)))).toEqual([]);
  });
});

const plant = (files: Record<string, string>): Tree => new Map(Object.entries(files));

describe('a broken law is found', () => {
  it('when a stranger stands at the top', () => {
    expect(toReport(checkTopLevel(['src', '.ci', 'dist', 'tsconfig.base.json', 'docs']))).toEqual([
      expect.stringMatching(/^docs:1 the top level is fixed/),
    ]);
  });

  it('when an import climbs, crosses the floor, or a room has no floor', () => {
    const tree = plant({
      'machines/breaker.machine.ts': "import type { A } from '../src/wire/wire.ts';\n",
      'src/wire/wire.ts': "// the door\nimport {\n  b,\n} from '../store/store.ts';\n",
      'src/store/store.ts':
        "import '../../infra/postgres/migrations.ts';\nexport { x } from './tables.ts';\n",
      'src/store/tables.ts': "import { x } from '../../machines/words/ids.ts';\n",
      'src/learning/learning.ts': "await import('../../infra/servers/servers.ts');\n",
      'infra/servers/servers.ts': "import { m } from '../../machines/breaker.machine.ts';\n",
      'src/cellar/cellar.ts': '',
      'src/node/node.ts': "import { until } from '../../test/support/until.ts';\n",
    });
    expect(toReport(checkFloors(tree))).toEqual([
      expect.stringMatching(/^src\/cellar\/cellar.ts:1 .*no room that has a floor/),
      'machines/breaker.machine.ts:1 imports go down only: machines imports src/wire',
      'src/wire/wire.ts:4 rooms on one floor do not import each other: src/wire imports src/store',
      'src/learning/learning.ts:1 src/learning may not know infra; store, node and cli may',
      'infra/servers/servers.ts:1 infra imports words only, not machines',
      'src/node/node.ts:1 a room never imports test/support/until.ts, which is no room',
    ]);
  });

  it('when somebody climbs in through a window', () => {
    const tree = plant({
      'src/actors/actors.ts':
        "import { a } from '../wire/wire.ts';\nimport { b } from '../wire/subjects.ts';\n",
      'src/wire/wire.ts': "export * from './subjects.ts';\n",
      'src/actors/session.ts': "import { c } from '../../machines/parts/window.ts';\nimport './actors.ts';\n",
    });
    expect(toReport(checkDoors(tree))).toEqual([
      'src/actors/actors.ts:2 a room is entered by its door only, not through src/wire/subjects.ts',
      'src/actors/session.ts:1 a room is entered by its door only, not through machines/parts/window.ts',
      'src/wire/wire.ts:1 exports are named one by one: no "export *"',
    ]);
  });

  it('when an import leads nowhere', () => {
    const tree = plant({ 'src/wire/wire.ts': "import './a.js';\nimport './b.ts';\n", 'src/wire/b.ts': '' });
    expect(toReport(checkResolved(tree))).toEqual([
      "src/wire/wire.ts:1 no such file: './a.js' (imports end in .ts)",
    ]);
  });

  it('when a third party is met in the wrong room', () => {
    const tree = plant({
      'src/gateway/gateway.ts':
        "import { sql } from 'kysely';\nimport { z } from 'zod';\nimport * as left from 'left-pad';\n",
      'src/wire/wire.ts': "import { connect } from '@nats-io/transport-node';\nimport fs from 'fs';\n",
      'src/memory/memory.ts': "import { readFile } from 'node:fs/promises';\n",
      'machines/words/ids.ts': "import { createHash } from 'node:crypto';\n",
    });
    expect(toReport(checkThirdParties(tree))).toEqual([
      'src/gateway/gateway.ts:1 src/gateway may not know kysely; src/store, infra may',
      expect.stringMatching(/^src\/gateway\/gateway.ts:3 left-pad is on no list/),
      expect.stringMatching(/^src\/wire\/wire.ts:2 fs is on no list.*prefix/),
      'src/memory/memory.ts:1 src/memory is pure: it may not import node:fs/promises',
    ]);
  });

  it('when files import each other in a circle', () => {
    const tree = plant({
      'src/wire/wire.ts': "import './a.ts';\n",
      'src/wire/a.ts': "import './b.ts';\n",
      'src/wire/b.ts': "\nimport { a } from './a.ts';\nimport type { Wire } from './wire.ts';\n",
    });
    expect(toReport(checkCycles(tree))).toEqual([
      'src/wire/b.ts:2 no cycles: src/wire/a.ts -> src/wire/b.ts -> src/wire/a.ts',
    ]);
  });

  it('when a file is too long or has an empty name', () => {
    const tree = plant({
      'src/wire/a.ts': '\n'.repeat(301),
      'src/wire/b.ts': '\n'.repeat(300),
      'test/long.ts': '\n'.repeat(999),
      'src/wire/string-utils.ts': '',
      'src/managers/x.ts': '',
      'src/wire/database.services.test.ts': '',
    });
    expect(toReport(checkLengths(tree))).toEqual([expect.stringMatching(/^src\/wire\/a.ts:301 301 lines/)]);
    expect(toReport(checkNames(tree))).toEqual([
      'src/wire/string-utils.ts:1 "utils" says nothing: name the job',
      'src/managers/x.ts:1 "managers" says nothing: name the job',
    ]);
  });

  const inRoom = (room: string, code: string) =>
    toReport(checkPurity(plant({ [`${room}/a.ts`]: `/** A. */\n${code}\n` })));

  it.each([
    'Date.now()',
    'Math.random()',
    'new Date()',
    'setTimeout(f, 1)',
    'crypto.randomUUID()',
    'process.env',
    'performance.now()',
    '`${process.pid}`',
    'const now = Date.now;',
    'console.log(1)',
    'fetch(url)',
  ])('when a pure room looks at the clock, throws dice or does I/O: %s', (code) => {
    expect(inRoom('machines', code)).toEqual([expect.stringMatching(/^machines\/a.ts:2 machines is pure/)]);
    expect(inRoom('src/learning', code)).toHaveLength(1);
    expect(inRoom('src/wire', code)).toEqual([]);
  });

  it.each([
    'new Date(ms)',
    '// Date.now()',
    "'Date.now()'",
    'options.now()',
    'const process = 1;',
    'a.process.b',
    '/* Math.random() */',
    '`process.pid`',
    '/new Date()/.test(a)',
    'input.fetch(b)',
  ])('and none where there is none: %s', (code) => {
    expect(inRoom('machines', code)).toEqual([]);
  });

  it('when something is used that the oldest Node has not', () => {
    const tree = plant({ 'src/wire/a.ts': 'Promise.all(a);\nPromise.withResolvers();\n' });
    expect(toReport(checkNodeFloor(tree))).toEqual([
      'src/wire/a.ts:2 Node 20.19 has no Promise.withResolvers',
    ]);
  });

  it('when a file does not say what it is', () => {
    const tree = plant({
      'src/wire/a.ts': 'export {};',
      'src/wire/b.ts': '/** B. */',
      'src/cli/c.ts': '#!/usr/bin/env node\n',
    });
    expect(toReport(checkHeaders(tree))).toEqual([
      'src/wire/a.ts:1 a file opens with a comment that says what it is',
    ]);
  });

  it('when something is left for later or a test is switched off', () => {
    const later = ['// TO', 'DO: rest\n'].join('');
    const tree = plant({
      'src/wire/a.ts': later,
      'test/a.test.ts':
        "it.skip('a');\nit('b');\ndescribe.skipIf(c)('d');\nit.concurrent.only('e');\ncontext.skip('why');\n",
      'src/wire/b.ts': "subscription.skip('a')",
    });
    expect(toReport(checkLeftovers(tree))).toEqual([
      expect.stringMatching(/^src\/wire\/a.ts:1 nothing is left for later/),
      expect.stringMatching(/^test\/a.test.ts:1 tests run/),
      expect.stringMatching(/^test\/a.test.ts:4 tests run/),
    ]);
  });

  it('when an error code, a README, a script or a link is missing', () => {
    const tree = plant({
      'README.md':
        'Run `npm ci`,\n`npm test` and `npm run dance`.\nSee [the rooms](src/README.md), [it](src/), [no](docs/a.md), [web](https://a.b).\n',
      'src/README.md': '[up](../README.md#start)',
      'machines/README.md': '',
      'infra/README.md': '| `port_in_use` | take another |',
    });
    expect(toReport(checkErrorCodes(tree, ['port_in_use', 'unexpected']))).toEqual([
      'infra/README.md:1 the error code `unexpected` has no line',
    ]);
    expect(toReport(checkReadmes(tree, ['test']))).toEqual([
      'test/README.md:1 each door has a README',
      'README.md:2 package.json has no script "dance"',
      'README.md:3 the link leads nowhere: docs/a.md',
    ]);
  });
});

describe('source text', () => {
  it('keeps its lines when comments and texts are blanked', () => {
    const { code, bare } = toSourceText(
      "a; // b\n/* c\nd */ e('f // g');\n`h ${i('j')} k`;\nl / m; n = /'/;\no\n",
    );
    expect(code).toBe("a;     \n    \n     e('f // g');\n`h ${i('j')} k`;\nl / m; n = / /;\no\n");
    expect(bare).toBe("a;     \n    \n     e('      ');\n`  ${i(' ')}  `;\nl / m; n = / /;\no\n");
  });

  it('finds imports over several lines and none in texts', () => {
    const text = `import a, {\n  b,\n} from 'c';\nexport type { d } from "e";\nimport 'f';\nconst g = await import('h');\n// import 'i';\nconst j = "import 'k'";\nexport const from = 'l';\n`;
    expect(toImports(toSourceText(text))).toEqual([
      { specifier: 'c', line: 3, typeOnly: false },
      { specifier: 'e', line: 4, typeOnly: true },
      { specifier: 'f', line: 5, typeOnly: false },
      { specifier: 'h', line: 6, typeOnly: false },
    ]);
  });
});
