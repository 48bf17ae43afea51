/** The version of this package, from the package.json above this file, whether it runs from source or from the build. */
import { readFileSync } from 'node:fs';

/** Folders between this file and the package's root, at most. */
const upMax = 4;

/** The version in package.json. */
export function readVersion(): string {
  let folder = new URL('.', import.meta.url);
  for (let up = 0; up < upMax; up += 1) {
    folder = new URL('..', folder);
    const found = readPackage(new URL('package.json', folder));
    if (found !== undefined) return found;
  }
  return 'unknown';
}

function readPackage(file: URL): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content !== 'object' || content === null) return undefined;
    const ours = 'name' in content && content.name === 'drey' && 'version' in content;
    return ours && typeof content.version === 'string' ? content.version : undefined;
  } catch {
    return undefined;
  }
}
