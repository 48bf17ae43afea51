/** A headless Chromium of this machine, for pages that only a browser can prove. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where one is; undefined where there is none. `DREY_CHROMIUM` names another. */
export const chromiumPath = [process.env['DREY_CHROMIUM'], ...places].find(
  (path) => path !== undefined && existsSync(path),
);

/** Starts it with a profile of its own, and asks it to leave the network alone. */
export async function openBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium was found');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      // As root it has no sandbox; the pages are our own.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
