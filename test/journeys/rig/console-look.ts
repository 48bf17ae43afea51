/** A look at the console in a browser: a page that remembers what went wrong in it, and whether it is fit for people. */
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

export interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly size: keyof typeof sizes;
}

/** Both themes at both widths. */
export const looks: readonly Look[] = (['light', 'dark'] as const).flatMap((colorScheme) =>
  (['desktop', 'phone'] as const).map((size) => ({ colorScheme, size })),
);

/** A page that remembers what went wrong in it and whom else it asked. */
export async function openLook(
  browser: Browser,
  nodeUrl: () => string,
  { colorScheme, size }: Look,
): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
  const viewport = sizes[size];
  const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (said) => {
    if (said.type() === 'error' || said.type() === 'warning') faults.push(said.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(nodeUrl()).origin) faults.push(request.url());
  });
  return { context, page, faults };
}

/** Nothing sticks out at the side, and axe finds nothing serious. */
export async function expectFit(page: Page, address: string): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), address).toBe(0);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  expect(told, address).toEqual([]);
}

/** Presses a button, and says yes in the dialog that asks. */
export async function press(page: Page, button: string, yes: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: yes }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
