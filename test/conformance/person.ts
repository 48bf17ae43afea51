/**
 * The person whom the authorization scenarios need: one who is shown an address, opens it, and says yes. What they were
 * granted is kept in memory, as a node keeps it in its vault. It follows what Drey shows and never helps it along.
 */
import { authorizeUpstream } from '../../src/upstream/upstream.ts';
import type { UpstreamConfig, Vault } from '../../src/upstream/upstream.ts';

/** How long such a person takes at most. */
const decideMs = 10_000;

/** A vault in memory. */
export function createVault(): Vault {
  const kept = new Map<string, string>();
  return {
    read: (name) => kept.get(name),
    write: (name, secret) => void kept.set(name, secret),
    remove: (name) => kept.delete(name),
    names: () => [...kept.keys()],
  };
}

/** Does what `drey auth` does, with a browser that follows every redirect. */
export async function logIn(alias: string, config: UpstreamConfig, vault: Vault): Promise<void> {
  await authorizeUpstream({
    alias,
    config,
    vault,
    env: process.env,
    now: () => Date.now(),
    show: (address) => {
      fetch(address)
        .then((page) => page.text())
        .catch((error: unknown) => console.error('the browser failed', String(error)));
    },
    timeoutMs: decideMs,
  });
}
