// Debian's Chromium inside the network of a lab's host, with what it says of the page: whatever a page does wrong is collected.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { spaceOf } from '../../../daemons/supervisor/lab/lab-file.ts';
import type { TestScope } from '../../netns/support/namespaces.ts';
import type { TestLab } from './lab.ts';

const program = '/usr/bin/chromium';
export const hasChromium: boolean = existsSync(program);

/** No word to its maker's servers, no service of the desktop. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Watched {
  readonly page: Page;
  /** Lines of the console that are errors or warnings, exceptions, and violations of the page's policy. */
  readonly complaints: readonly string[];
  /** Addresses of everything that was asked for. */
  readonly requests: readonly string[];
}

/** A browser on the host; every page has a profile of its own. Ended with the test. */
export async function openBrowser(
  t: TestScope,
  lab: TestLab,
  host: string,
): Promise<{ open(url: string, options?: BrowserContextOptions): Promise<Watched> }> {
  const dir = mkdtempSync('/tmp/co-br-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const wrapper = `${dir}/chromium`;
  const { init } = spaceOf(lab.lab, host);
  writeFileSync(wrapper, `#!/bin/sh\nexec nsenter -t ${init} -n ${program} "$@"\n`, { mode: 0o755 });
  // Of a profile in `dir`, with its caches, nothing is left behind.
  const env = { ...process.env, HOME: dir, XDG_CONFIG_HOME: dir, XDG_CACHE_HOME: dir } as Record<string, string>;
  const browser = await chromium.launch({ executablePath: wrapper, args: flags, env, timeout: 60_000 });
  t.teardown(() => browser.close());
  return {
    async open(url, options = {}) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (line) => {
        if (line.type() !== 'log') complaints.push(`${line.type()}: ${line.text()}`);
      });
      page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
      page.on('request', (request) => requests.push(request.url()));
      await page.addInitScript(
        "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))",
      );
      await page.goto(url);
      return { page, complaints, requests };
    },
  };
}
