/** The version of this package, read once from its own package.json; never from anything the user runs in. */
import { readFileSync } from 'node:fs';

function readVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const content: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'));
      if (
        typeof content === 'object' &&
        content !== null &&
        'name' in content &&
        content.name === 'drey' &&
        'version' in content
      ) {
        return String(content.version);
      }
    } catch {
      // Sources lie two folders deep, the build three.
    }
  }
  return '0.0.0';
}

export const version = readVersion();
