// The page in the browser that people have, on a lab of two hosts: what it shows, live, with the keyboard, on a phone, and what
// hostile names may do there (nothing).
import { readFileSync } from 'node:fs';
import t from 'tap';
import { asked, familyOf, labelsIn, metricsIn } from '../house/support/grafana.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { hasChromium, openBrowser, type Watched } from './support/browser.ts';
import { makeTestLab } from './support/lab.ts';

t.setTimeout(280_000);

const address = 'http://127.0.0.1:9842/';
const hostile = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
const checks = readFileSync(new URL('./support/page-checks.js', import.meta.url), 'utf8');

/** Containers named in the configuration are as good as others to look at, and any text is a name there. */
const declared = {
  containers: [
    { name: hostile, ips: ['10.42.250.1'] },
    { name: 'x'.repeat(250), ips: ['10.42.250.2'] },
  ],
};

const rows = ({ page }: Watched, section: string): Promise<string[]> =>
  page.locator(`#${section} tbody tr td:first-child`).allTextContents();

if (!isRoot) t.plan(0, 'needs root');
else if (!hasChromium) t.plan(0, 'needs chromium (scripts/setup --dev)');
else
  t.test('two hosts', async (t) => {
    const lab = await makeTestLab(t, {
      hosts: 2,
      containers: 1,
      config: ({ name }): Record<string, unknown> => (name === 'h1' ? { declared } : {}),
    });
    const browser = await openBrowser(t, lab, 'h1');
    const wide = await browser.open(address, { viewport: { width: 1280, height: 900 } });
    const { page } = wide;

    await t.test('shows hosts, containers, tunnels and daemons', async (t) => {
      await page.locator('.verdict').waitFor();
      // Each daemon is asked by itself, and what one knows may be seen before what another does.
      await until(60_000, 'all of it is there', async () => {
        const [containers, tunnels] = await Promise.all([rows(wide, 'containers'), rows(wide, 'tunnels')]);
        return containers.length === 4 && tunnels.length === 1;
      });
      t.same(await page.locator('#hosts h3').allTextContents(), ['h1', 'h2']);
      t.same(
        (await rows(wide, 'containers')).filter((name) => /^a\d$/.test(name)),
        ['a1', 'a2'],
      );
      t.match(await rows(wide, 'tunnels'), [/^h2 corral, vxlan/]);
      t.match(await rows(wide, 'services'), ['lab/web']);
      t.equal((await rows(wide, 'daemons')).length, 5);
      t.match(await page.title(), 'h1');
    });

    await t.test('a name is text, whatever it says', async (t) => {
      t.ok((await rows(wide, 'containers')).includes(hostile));
      t.equal(await page.locator('main img, main script').count(), 0);
      t.notMatch(await page.title(), 'taken');
    });

    await t.test('follows by itself', async (t) => {
      const { address: ip } = await lab.addContainer('h2', 'late');
      const row = page.locator('#containers tr', { hasText: 'late' });
      await row.waitFor();
      t.match(await row.textContent(), ip ?? 'an address');
      t.match(await page.locator('#events tbody').textContent(), /late on h2/);
      await lab.dropContainer('h2', 'late');
      await row.waitFor({ state: 'detached' });
      t.pass('and what is gone is gone');
    });

    await t.test('the keyboard is enough', async (t) => {
      const focused = (): Promise<string> =>
        page.evaluate("(document.activeElement.id || document.activeElement.textContent).trim().split('\\n')[0]");
      const order: string[] = [];
      await page.keyboard.press('Tab');
      for (let stop = 0; stop < 12; stop += 1) {
        order.push(await focused());
        await page.keyboard.press('Tab');
      }
      const sections = [
        'Containers',
        'Services and names',
        'Published ports',
        'Tunnels',
        'Networks',
        'Daemons',
        'Recent events',
      ];
      t.same(
        order.slice(0, 9).map((name) => name.replace(/ \d.*$/, '')),
        ['Skip to content', 'filter', ...sections],
      );
      await page.locator('#containers summary').focus();
      await page.keyboard.press('Enter');
      t.equal(await page.locator('#containers table').isVisible(), false);
      await page.keyboard.press('Enter');
      t.equal(await page.locator('#containers table').isVisible(), true);
      await page.keyboard.press('/');
      t.equal(await focused(), 'filter');
      await page.keyboard.type('a2');
      await until(60_000, 'one is left', async () => (await rows(wide, 'containers')).join() === 'a2');
      t.match(await page.locator('#containers .count').textContent(), '1 of 4');
      for (let key = 0; key < 2; key += 1) await page.keyboard.press('Backspace');
      await until(60_000, 'all are back', async () => (await rows(wide, 'containers')).length === 4);
    });

    await t.test('for those who see little', async (t) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        t.same(await page.evaluate(checks), [], colorScheme);
      }
    });

    const phone = await browser.open(address, {
      viewport: { width: 320, height: 640 },
      isMobile: true,
      hasTouch: true,
    });
    await t.test('on a phone nothing is wider than the screen', async (t) => {
      await phone.page.locator('.verdict').waitFor();
      const closed = phone.page.locator('details:not([open]) summary');
      while ((await closed.count()) > 0) await closed.first().click();
      await until(60_000, 'the lists are there', async () => (await rows(phone, 'containers')).length === 4);
      t.equal(await phone.page.evaluate('document.documentElement.scrollWidth'), 320);
      t.same(await phone.page.evaluate(checks), []);
    });

    await t.test('the dashboard and the alerts ask for metrics and labels that are there', async (t) => {
      const text = lab.run('h1', 'curl', '-s', '--max-time', '30', `${address}metrics`);
      const families = new Set(text.match(/(?<=^# TYPE )\S+/gm));
      for (const { title, expr } of asked) {
        for (const name of metricsIn(expr)) t.ok(familyOf(name, families), `${title}: ${name}`);
        for (const { metric, label } of labelsIn(expr)) {
          // `instance` is Prometheus' own; of what has not happened there is no sample yet.
          const samples = text.match(new RegExp(`^${metric}\\{.*$`, 'gm')) ?? [];
          if (label === 'instance' || samples.length === 0) continue;
          t.ok(
            samples.some((sample) => sample.includes(`${label}="`)),
            `${title}: ${metric} has the label ${label}`,
          );
        }
      }
    });

    await t.test('a host that is cut off: large, named, and since when', async (t) => {
      await lab.fault('cut', 'h2');
      for (const { page } of [wide, phone]) {
        const trouble = page.locator('.trouble.bad', { hasText: 'h2 does not answer' });
        await trouble.waitFor();
        t.match(await trouble.locator('.since').textContent(), /since \d\d:\d\d:\d\d · /);
        t.ok(
          await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.trouble.bad h2')).fontSize) >= 24"),
        );
        t.match(await page.title(), /^⚠ h2 does not answer/);
        t.match(await page.locator('#hosts li').first().textContent(), /^h2/, 'the lost host comes first');
        t.equal(await page.locator('#hosts li.bad').count(), 1);
        t.match(await page.locator('#containers tr', { hasText: 'a2' }).textContent(), 'out of reach');
        t.same(await page.evaluate(checks), []);
      }
      t.equal(await phone.page.evaluate('document.documentElement.scrollWidth'), 320);
      await lab.fault('heal', 'h2');
      for (const { page } of [wide, phone]) await page.locator('.verdict').waitFor({ timeout: 90_000 });
    });

    await t.test('without the supervisor it says that it is old', async (t) => {
      const supervisor = await lab.pidOf('h1', 'supervisor');
      // Its number is the host's, so the signal is sent there.
      const signal = (name: string): string => lab.run('h1', 'sh', '-c', `kill -${name} ${supervisor}`);
      signal('STOP');
      await page.locator('html[data-link="away"]').waitFor();
      t.match(await page.locator('#link').textContent(), /no connection since .*old/);
      signal('CONT');
      await page.locator('html[data-link="live"]').waitFor();
    });

    for (const { complaints, requests } of [wide, phone]) {
      t.same(complaints, [], 'nothing went wrong in the browser');
      t.same(
        requests.filter((url) => !url.startsWith(address)),
        [],
        'nothing was asked of anybody else',
      );
      t.ok(requests.length > 8, 'and the page was asked for');
    }
  });
