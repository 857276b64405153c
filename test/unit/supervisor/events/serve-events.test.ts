// The route over a real socket, fed by a watch of metadata.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import t from 'tap';
import { closeServer, listen, makeHttpServer } from '../../../../daemons/shared/daemon/http.ts';
import { keyOf } from '../../../../daemons/shared/model/objects.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { callJson } from '../../../../daemons/shared/source/call.ts';
import type { SuiteEvent } from '../../../../daemons/supervisor/events/event.ts';
import type { Page } from '../../../../daemons/supervisor/events/event-ring.ts';
import { keepEvents } from '../../../../daemons/supervisor/events/keep-events.ts';
import { serveEvents } from '../../../../daemons/supervisor/events/serve-events.ts';
import { watchWorld } from '../../../../daemons/supervisor/world.ts';
import { startFakeMetadata } from '../../../fakes/metadata-watch.ts';
import { container, host, hostId } from '../../../fixtures/records.ts';
import { until } from '../../../netns/support/namespaces.ts';

t.test('what changes in the snapshot is told in pages and lines', async (t) => {
  const root = mkdtempSync('/tmp/co-ev-');
  const paths = { ...pathsBelow(root), run: root };
  const metadata = await startFakeMetadata(`${root}/metadata.sock`, hostId, [host(), container(1)]);
  const world = watchWorld(paths);
  const events = keepEvents(world);
  const { route, end } = serveEvents(events.ring);
  const server = makeHttpServer({ routes: [route] });
  const socket = `${root}/s.sock`;
  await listen(server, { path: socket });
  t.teardown(async () => {
    world.close();
    end();
    await closeServer(server);
    await metadata.close();
    rmSync(root, { recursive: true, force: true });
  });
  const page = (query = ''): Promise<Page> => callJson<Page>(socket, `/v1/events${query}`);
  await until(10_000, 'the watch is open', () => metadata.readers() === 1);

  metadata.change([container(2)]);
  const first = await until(10_000, 'the start is told', async () => {
    const told = await page();
    return told.events.length > 0 ? told : undefined;
  });
  t.match(first.events, [{ kind: 'container', name: 'c2', host: 'node-1' }], 'the first set is no event');

  const lines: SuiteEvent[] = [];
  const follower = request({ socketPath: socket, path: `/v1/events?follow=true&since=${first.cursor}` }, (incoming) => {
    incoming.setEncoding('utf8');
    incoming.on('data', (text: string) =>
      lines.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    );
  });
  follower.end();
  t.teardown(() => void follower.destroy());
  metadata.change([], [keyOf(container(2))]);
  await until(10_000, 'the end is followed', () => lines.length === 1);
  t.match(lines, [{ kind: 'container', action: 'removed', name: 'c2' }]);
  t.match(await page(`?since=${first.cursor}`), { missed: false, events: [{ action: 'removed' }] });
  await t.rejects(page('?limit=many'), { code: 'USAGE' });
});
